import type { ErrorCode } from '@mobileone/core'
import type { Picture } from './dataset.ts'
import type { Preparation } from './prepare-example.ts'

/** One batch of encoded pictures: plain data, sent to a worker. */
export interface PictureBatch {
  readonly pictures: readonly Picture[]
  readonly names: readonly string[]
  readonly seeds: Uint32Array
  readonly preparation: Preparation
}

/** What a worker answers. */
export type Reply =
  | { readonly images: Float32Array }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } }
