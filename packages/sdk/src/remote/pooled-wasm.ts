import { openPacked, type PackedModel, packModel, type WasmOptions, wasm } from '@mobileone/backend-wasm'
import type { Backend } from '@mobileone/core'
import type { Share } from './protocol.ts'

/** `wasm` on weights that are packed once for all threads of a pool, each of which runs in a place of its own. */
export class PooledWasm {
  readonly #share: Share
  /** What is packed, once that is: here or by the first thread. */
  packed: PackedModel | undefined

  constructor(share: Share) {
    this.#share = share
    this.packed = share.packed
  }

  readonly backend = (options: WasmOptions): Backend => ({
    ...wasm(options),
    compile: async (model, given) => {
      const { threads: instances, thread } = this.#share
      const packed = this.packed ?? (await packModel(model, { ...options, ...given, instances }))
      const { worker } = options
      const executor = await openPacked(packed, thread, { ...given, ...(worker && { worker }) })
      this.packed = packed
      return executor
    },
  })
}
