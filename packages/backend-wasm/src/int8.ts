/** How layers with int8 weights are computed on this machine; loaded where a model has such. */
import { type ExpectedModel, hasIntegerLayers, type Model } from '@mobileone/core'
import type { Int8Kernel } from './choose.ts'
import type { Simd } from './detect-simd.ts'
import { type PlanInt8, planInt8 } from './int8-layers.ts'
import { allocateProduct, createLook, writeProduct } from './kernel-timing.ts'
import type { Kernels } from './load.ts'
import type { WasmPrecision } from './precision.ts'

/** Products of one size a millisecond, by what computes them. */
export type Rates = ReadonlyMap<Int8Kernel | 'float32', number>

const fused = ['float32', 'rdot16x4', 'relaxed_dot_add'] as const
const candidates: Readonly<Record<Simd, readonly (Int8Kernel | 'float32')[]>> = {
  relaxed: fused,
  wide: fused,
  plain: ['float32', 'dot_i16'],
}

const measured = new Map<Simd, Promise<Rates>>()

/**
 * What plans the layers of `model` with int8 weights: by the kernel that is fastest on this machine, which no feature test tells, and in
 * float32 where that is faster and `precision` leaves it open. The kernels are timed once, for some 20 ms.
 * @param link The kernels over a memory, `shared` or not.
 */
export async function chooseInt8(
  model: Model | ExpectedModel,
  simd: Simd,
  precision: WasmPrecision | undefined,
  link: (memory: WebAssembly.Memory) => Promise<Kernels>,
  shared: boolean,
): Promise<PlanInt8> {
  const computes = 'int8' in model ? model.int8 === 'layers' : hasIntegerLayers(model)
  if (precision === 'float32' || !computes) return planInt8(undefined)
  let found = measured.get(simd)
  if (!found) {
    found = measureKernels(link, simd, shared)
    measured.set(simd, found)
    found.catch(() => measured.delete(simd))
  }
  const { kernel, text } = fastestKernel(await found, precision)
  return planInt8(kernel, text)
}

/** The fastest of `rates`, undefined for float32, which is none where `precision` is int8; and what there is to say of it. */
export function fastestKernel(
  rates: Rates,
  precision: 'int8' | undefined,
): { readonly kernel: Int8Kernel | undefined; readonly text: string } {
  const float = rates.get('float32')!
  let kernel: Int8Kernel | undefined
  let best = precision === 'int8' ? 0 : float
  for (const [name, rate] of rates) if (name !== 'float32' && rate > best) [kernel, best] = [name, rate]
  const ratio = (best / float).toFixed(1)
  return {
    kernel,
    text: kernel ? `int8 by ${kernel}, ${ratio} x float32` : 'float32, which is faster than int8 here',
  }
}

async function measureKernels(
  link: (memory: WebAssembly.Memory) => Promise<Kernels>,
  simd: Simd,
  shared: boolean,
): Promise<Rates> {
  const memory = allocateProduct(shared)
  const { step } = await link(memory)
  const look = createLook(
    candidates[simd].map((name, index) => ({ name, step, record: writeProduct(memory, index, name, simd) })),
  )
  const rates = await look()
  return fastestKernel(rates, undefined).kernel ? rates : look()
}
