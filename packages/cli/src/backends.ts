import { wasm } from '@mobileone/backend-wasm'
import { type Backend, reference } from '@mobileone/core'

export interface BackendFlags {
  readonly threads?: number | undefined
}

/** The backends of `--backend`, by name. */
export const backends: Readonly<Record<string, (flags: BackendFlags) => Backend>> = {
  wasm: ({ threads }) => wasm(threads === undefined ? {} : { threads }),
  reference: () => reference(),
}
