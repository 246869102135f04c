import { describeBackend } from '@mobileone/conformance/vitest'
import '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { tfjs } from '../src/index.ts'
import { exceptions } from './exceptions.ts'
import { memory } from './memory.ts'

describeBackend('tfjs, wasm', () => tfjs({ lib: tf, backend: 'wasm' }), {
  exceptions: exceptions.wasm,
  memory,
})
