import { conformance, runCases } from '@mobileone/conformance'
import * as tf from '@tensorflow/tfjs-core'
import type { TfjsBackendName } from '../src/index.ts'
import { exceptions } from './exceptions.ts'
import { backends } from './page-backends.ts'

const memory = { measure: (): number => tf.memory().numTensors, allowance: 0, cycles: 10 }
/** A software GPU takes tenths of a second to compile the shaders of a shape. */
const trials = { cpu: 4, wasm: 6, webgl: 1, webgpu: 1 }
const suite = (backend: TfjsBackendName) => () =>
  runCases(
    conformance(backends[backend], { memory, exceptions: exceptions[backend], trials: trials[backend] }),
    { timeout: 120_000 },
  )

Object.assign(globalThis, {
  suites: { cpu: suite('cpu'), wasm: suite('wasm'), webgl: suite('webgl'), webgpu: suite('webgpu') },
})
