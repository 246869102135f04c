import type { Model } from '@mobileone/core'
import type { NetworkId } from '../networks/network-id.ts'

/** What to measure: a network at an input size and a batch; `file` has the weights of `own`. */
export interface NetworkRequest extends NetworkId {
  readonly file?: File | undefined
}

/** A network that is ready to be measured; its weights stay in the worker that made it. */
export interface PreparedNetwork {
  readonly variant: string
  /** Without the elements of its weights. */
  readonly graph: Model
  readonly inputShape: readonly number[]
  /** float32, NCHW. */
  readonly input: Blob
  readonly expected: readonly number[]
  readonly macs: number
  readonly weightBytes: number
}
