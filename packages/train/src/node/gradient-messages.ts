import type { ErrorCode, Model } from '@mobileone/core'
import type { StartTfjsOptions } from './start-tfjs.ts'

/** What a worker is started with. The vectors are shared memory. */
export interface WorkerStart {
  readonly model: Model
  readonly tfjs: StartTfjsOptions
  readonly parameters: Float32Array
  readonly gradients: Float32Array
  readonly statistics: Float32Array
}

/** A part of a batch. */
export interface Part {
  readonly images: Float32Array
  readonly shape: readonly [number, number, number, number]
  readonly labels: Int32Array
  readonly labelSmoothing: number
}

export type PartReply =
  | { readonly ready: true }
  | { readonly loss: number; readonly correct: number }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } }
