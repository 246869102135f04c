/** What the timings share: how a sample becomes one figure, and the limit that it is compared with. */
import type { Simd } from '../src/detect-simd.ts'
import { instantiate, type Kernels, loadModule } from '../src/load.ts'

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number
}

/** The fastest tenth: what a kernel can do, however busy the machine is. */
export function fastest(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 10)] as number
}

/** The highest tenth of rates. */
export function highest(rates: readonly number[]): number {
  return -fastest(rates.map((rate) => -rate))
}

/** The kernels over one page of memory, warm. */
export async function startPeak(simd: Simd): Promise<Kernels> {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
  const kernels = await instantiate(await loadModule(simd, undefined, false), memory)
  for (let i = 0; i < 10; i++) measurePeak(kernels)
  return kernels
}

/** Multiply-adds of one core at best, GFLOP/s: 12 chains of `rounds` of them. */
export function measurePeak(kernels: Kernels): number {
  const rounds = 500_000
  const start = performance.now()
  kernels.peak(rounds, 1e-3)
  return (rounds * 96) / (performance.now() - start) / 1e6
}
