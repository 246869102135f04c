import { conformance, runCases } from '@mobileone/conformance'
import { type WasmOptions, wasm } from '../src/index.ts'
import { wideKernels } from '../src/wide.ts'

/** Node has all shapes with the same kernels. */
const trials = 12
const suite = (options: WasmOptions) => () => runCases(conformance(() => wasm(options), { trials }))

Object.assign(globalThis, {
  suites: {
    plain: suite({ simd: 'plain' }),
    'relaxed, where there is': suite({}),
    '2 threads': suite({ threads: 2 }),
    wide: async () => suite(await wideKernels())(),
  },
})
