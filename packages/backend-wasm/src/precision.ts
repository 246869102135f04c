import { MobileOneError } from '@mobileone/core'

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
