import { conformance } from '@mobileone/conformance'
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { describe, it } from 'vitest'
import { tfjs } from '../src/index.ts'
import { exceptions } from './exceptions.ts'

const memory = { measure: (): number => tf.memory().numTensors, allowance: 0 }

describe.each(['cpu', 'wasm'] as const)('tfjs, %s', (backend) => {
  const options = { memory, exceptions: exceptions[backend] }
  for (const c of conformance(() => tfjs({ lib: tf, backend }), options))
    (c.skip ? it.skip : it)(c.name, c.run)
})
