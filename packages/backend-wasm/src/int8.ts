/** How layers with int8 weights are computed on this machine; loaded where a model has such. */
import { hasIntegerLayers, type Model } from '@mobileone/core'
import type { Int8Kernel, Tuning } from './choose.ts'
import type { Simd } from './detect-simd.ts'
import { Int8Layers } from './int8-layers.ts'
import type { WasmPrecision } from './precision.ts'

/** Plan layers in int8 with `kernel`, or in float32 where it is undefined. */
export function int8Tuning(kernel: Int8Kernel | undefined): Pick<Tuning, 'int8'> {
  return { int8: (planning) => new Int8Layers(planning, kernel) }
}

export async function tuneInt8(
  model: Model,
  simd: Simd,
  precision: WasmPrecision | undefined,
  _module: Promise<WebAssembly.Module>,
): Promise<Pick<Tuning, 'int8'>> {
  if (precision === 'float32' || !hasIntegerLayers(model)) return int8Tuning(undefined)
  return int8Tuning(simd === 'relaxed' ? 'rdot16x2' : 'dot_i16')
}
