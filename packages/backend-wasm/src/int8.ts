/** How layers with int8 weights are computed on this machine; loaded where a model has such. */
import { hasIntegerLayers, type Model } from '@mobileone/core'
import type { Simd } from './detect-simd.ts'
import { type PlanInt8, planInt8 } from './int8-layers.ts'
import type { WasmPrecision } from './precision.ts'

/** What plans the layers of `model` with int8 weights. */
export async function chooseInt8(
  model: Model,
  simd: Simd,
  precision: WasmPrecision | undefined,
): Promise<PlanInt8> {
  if (precision === 'float32' || !hasIntegerLayers(model)) return planInt8(undefined)
  return planInt8(simd === 'relaxed' ? 'rdot16x2' : 'dot_i16')
}
