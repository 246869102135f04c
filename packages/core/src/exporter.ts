/** The exporter contract: a model in, the bytes of one file out. Same model and options, same bytes. */
import type { Model } from './model/model.ts'

export interface Exporter<Options = undefined> {
  readonly specVersion: 1
  /** The name used by `mobileone export --format`. */
  readonly format: string
  /** Without the dot. */
  readonly extension: string
  export(model: Model, options?: Options): Uint8Array | Promise<Uint8Array>
}
