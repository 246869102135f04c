import { conformance, runCases } from '@mobileone/conformance'
import { exceptions } from './exceptions.ts'
import { backends } from './page-backends.ts'

/** Node has all shapes. A software GPU takes tenths of a second to compile the shaders of one. */
const trials = { wasm: 8, webgpu: 1 }
/** A software GPU takes seconds for each session, too: there the operators that networks are made of, and networks. */
const chosen = { wasm: /./, webgpu: /^(conv2d|linear|globalAvgPool|maxPool|upsample|network)/ }
const suite = (name: keyof typeof backends) => () => {
  const cases = conformance(backends[name], { exceptions: exceptions[name], trials: trials[name] })
  return runCases(
    cases.filter((each) => chosen[name].test(each.name)),
    { timeout: 120_000 },
  )
}

Object.assign(globalThis, { suites: { wasm: suite('wasm'), webgpu: suite('webgpu') } })
