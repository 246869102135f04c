/** What int8.test.ts runs in Chromium. */
import { type WasmOptions, wasm } from '../src/index.ts'
import {
  differences,
  int8Network,
  networkDistance,
  pointwiseCases,
  type runWith,
  vectorDifferences,
} from './int8-networks.ts'

/** What `wasm()` makes of a network in int8 by itself, and how long that takes. */
async function chooses(
  options: WasmOptions,
): Promise<{ precision: string | undefined; features: readonly string[]; kernels: string[]; ms: number[] }> {
  const ms: number[] = []
  for (let i = 0; i < 2; i++) {
    const start = performance.now()
    const executor = await wasm(options).compile(int8Network())
    ms.push(performance.now() - start)
    await executor.dispose()
    if (i === 1) {
      const { precision, features = [], steps } = executor
      return { precision, features, kernels: steps.map(({ kernel }) => kernel), ms }
    }
  }
  throw new Error('unreachable')
}

const page = {
  int8: {
    chooses,
    networkDistance,
    vectorDifferences,
    differences: (options: Parameters<typeof runWith>[2]) => differences(pointwiseCases(), options),
  },
}
export type Int8Page = typeof page
Object.assign(globalThis, page)
