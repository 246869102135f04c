import { conformance, runCases } from '@mobileone/conformance'
import { exceptions } from './exceptions.ts'
import { backends } from './page-backends.ts'

/** Node has all shapes. A software GPU takes tenths of a second to compile the shaders of one; with all the suite passes, too. */
const trials = { wasm: 8, webgpu: 1 }
const suite = (name: keyof typeof backends) => () =>
  runCases(conformance(backends[name], { exceptions: exceptions[name], trials: trials[name] }), {
    timeout: 120_000,
  })

Object.assign(globalThis, { suites: { wasm: suite('wasm'), webgpu: suite('webgpu') } })
