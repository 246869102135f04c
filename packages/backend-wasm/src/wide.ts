/**
 * The kernels with taller tiles, for engines that join 128-bit operations in pairs, as V8 does with its flag `--wasm-revectorize`, or that
 * have registers for them. A file of its own: 14 kB that others need not download.
 */
import { inflateBase64 } from '@mobileone/core/embedded-wasm'
import { detectSimd, type Simd } from './detect-simd.ts'
import { wide } from './generated/wide.ts'
import { allocateProduct, type Contender, rateOf, writeProduct } from './kernel-timing.ts'
import { instantiate, loadModule, type WasmSource } from './load.ts'
import type { WasmOptions } from './wasm.ts'

/** Options of `wasm()` that choose kernels. */
export type KernelOptions = Pick<WasmOptions, 'simd' | 'wasm'>

/** The taller tiles must be worth their bytes. */
const MARGIN = 1.03
/** Clocks of pages tick a tenth of a millisecond at a time. */
const LOOK_MS = 3
/** The engine takes a while to compile tall tiles for speed: what has not become a tenth faster for so long will not, or no longer matters. */
const SETTLED_MS = 150
const GAIN = 1.1
const LONGEST_MS = 600

let found: Promise<KernelOptions> | undefined

/**
 * What to pass to `wasm()` for the fastest kernels on this machine: those of {@link wideKernels} where a matrix product is faster with
 * them, else nothing, which means the kernels that `wasm()` takes by itself. No feature test tells, so both are timed, once, for a quarter
 * of a second. Their results have the same bits.
 * @throws MobileOneError `unavailable` where WebAssembly may not be compiled; `network` where the file of the kernels cannot be loaded.
 */
export function fastestKernels(): Promise<KernelOptions> {
  if (!found) {
    found = chooseKernels()
    found.catch(() => {
      found = undefined
    })
  }
  return found
}

/** The kernels with tiles of 10 pixels, for an engine that has relaxed SIMD, whether they are faster there or not. */
export async function wideKernels(): Promise<Required<KernelOptions>> {
  return { simd: 'wide', wasm: await inflateBase64(wide) }
}

async function chooseKernels(): Promise<KernelOptions> {
  if ((await detectSimd()) !== 'relaxed') return {}
  const kernels = await wideKernels()
  const [own, wide] = await settledRates([
    await contender('relaxed', undefined),
    await contender('wide', kernels.wasm),
  ])
  return wide! > MARGIN * own! ? kernels : {}
}

async function contender(name: Simd, source: WasmSource | undefined): Promise<Contender<Simd>> {
  const memory = allocateProduct(false)
  const { step } = await instantiate(await loadModule(name, source, false), memory)
  return { name, step, record: writeProduct(memory, 0, 'float32', name) }
}

/** The highest rate of each, in turns, until none has risen for a while. */
async function settledRates(contenders: readonly Contender<string>[]): Promise<readonly number[]> {
  const rates = contenders.map(() => 0)
  const start = performance.now()
  let risen = start
  for (let now = start; now - risen < SETTLED_MS && now - start < LONGEST_MS; now = performance.now()) {
    for (const [index, contender] of contenders.entries()) {
      const rate = rateOf(contender, LOOK_MS)
      if (rate > GAIN * rates[index]!) risen = now
      rates[index] = Math.max(rates[index]!, rate)
    }
    await new Promise((resolve) => setTimeout(resolve))
  }
  return rates
}
