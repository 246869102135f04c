import { conformance, runCases } from '@mobileone/conformance'
import { wasm } from '../src/index.ts'
import { exceptions } from './exceptions.ts'

Object.assign(globalThis, {
  suites: {
    plain: () => runCases(conformance(() => wasm({ simd: 'plain' }), { exceptions })),
    'relaxed, where there is': () => runCases(conformance(() => wasm(), { exceptions })),
    '2 threads': () => runCases(conformance(() => wasm({ threads: 2 }), { exceptions })),
  },
})
