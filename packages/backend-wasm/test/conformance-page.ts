import { conformance, runCases, tokenExceptions } from '@mobileone/conformance'
import { wasm } from '../src/index.ts'

const exceptions = tokenExceptions('not written yet')

Object.assign(globalThis, {
  suites: {
    plain: () => runCases(conformance(() => wasm({ simd: 'plain' }), { exceptions })),
    'relaxed, where there is': () => runCases(conformance(() => wasm(), { exceptions })),
    '2 threads': () => runCases(conformance(() => wasm({ threads: 2 }), { exceptions })),
  },
})
