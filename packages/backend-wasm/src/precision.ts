import { MobileOneError, type Model } from '@mobileone/core'
import { type Tuning, tuningOf } from './choose.ts'
import type { Simd } from './detect-simd.ts'

/** What layers in int8 are computed in. */
export type WasmPrecision = 'float32' | 'int8'

/** @throws MobileOneError `invalid-argument` for another precision than there is. */
export function checkPrecision(precision: WasmPrecision | undefined): void {
  if (precision === undefined || precision === 'float32' || precision === 'int8') return
  throw new MobileOneError(
    'invalid-argument',
    `wasm: precision must be 'float32' or 'int8', not ${JSON.stringify(precision)}; leave it out for what the model asks`,
  )
}

/** The choices for `model`: those of the build, and where weights are int8 those of its layers in int8. */
export async function tuningFor(
  model: Model,
  simd: Simd,
  precision: WasmPrecision | undefined,
  module: Promise<WebAssembly.Module>,
): Promise<Tuning> {
  const tuning = tuningOf(simd)
  if (Object.values(model.weights).every(({ dtype }) => dtype !== 'int8')) return tuning
  const { tuneInt8 } = await import('./int8.ts')
  return { ...tuning, ...(await tuneInt8(model, simd, precision, module)) }
}
