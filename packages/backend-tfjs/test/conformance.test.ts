import { describeBackend } from '@mobileone/conformance/vitest'
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { tfjs } from '../src/index.ts'
import { exceptions } from './exceptions.ts'

const memory = { measure: (): number => tf.memory().numTensors, allowance: 0 }

describeBackend('tfjs, cpu', () => tfjs({ lib: tf, backend: 'cpu' }), { exceptions: exceptions.cpu, memory })
describeBackend('tfjs, wasm', () => tfjs({ lib: tf, backend: 'wasm' }), {
  exceptions: exceptions.wasm,
  memory,
})
