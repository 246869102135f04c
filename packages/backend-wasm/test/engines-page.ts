/** What the tests in engines run there. */
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { type ConformanceCase, conformance, runCases } from '@mobileone/conformance'
import { exposeLogits } from '@mobileone/testkit/logits-page'
import { type WasmOptions, wasm } from '../src/index.ts'

const options: Readonly<Record<string, WasmOptions>> = {
  plain: { simd: 'plain' },
  fastest: {},
  '2 threads': { threads: 2 },
}
const backends = Object.fromEntries(
  Object.entries(options).map(([name, chosen]) => [name, () => wasm(chosen)]),
)

exposeLogits((bytes) => modelFromCheckpoint(readCheckpoint(bytes)), backends)

/** Whole networks take an emulated processor too long. */
function isShort({ name }: ConformanceCase): boolean {
  return !/network|mobileone|random|s[0-4]\b/i.test(name)
}

Object.assign(globalThis, {
  features: async (name: string) => {
    const probe = await backends[name]!().probe()
    return probe.ok ? probe.features : [probe.reason]
  },
  /** The suite; of the short one, every `step`th case. */
  suite: (name: string, step: number) => {
    const cases = conformance(backends[name]!)
    return runCases(step === 1 ? cases : cases.filter(isShort).filter((_, index) => index % step === 0))
  },
})
