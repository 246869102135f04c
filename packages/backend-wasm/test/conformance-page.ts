import { conformance, runCases } from '@mobileone/conformance'
import { wasm } from '../src/index.ts'

Object.assign(globalThis, {
  suites: {
    plain: () => runCases(conformance(() => wasm({ simd: 'plain' }))),
    'relaxed, where there is': () => runCases(conformance(() => wasm())),
    '2 threads': () => runCases(conformance(() => wasm({ threads: 2 }))),
  },
})
