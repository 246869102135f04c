import { describeBackend } from '@mobileone/conformance/vitest'
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { tfjs } from '../src/index.ts'
import { exceptions } from './exceptions.ts'
import { memory } from './memory.ts'

describeBackend('tfjs, cpu', () => tfjs({ lib: tf, backend: 'cpu' }), { exceptions: exceptions.cpu, memory })
