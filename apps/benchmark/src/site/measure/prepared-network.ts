import type { Model } from '@mobileone/core'
import type { NetworkId } from '../networks/network-id.ts'

/** What to measure: a network at an input size and a batch; `file` has the weights of `own`. */
export interface NetworkRequest extends NetworkId {
  readonly file?: File | undefined
  /** With its int8 form. */
  readonly int8?: boolean | undefined
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
  /** In float32 arithmetic, of a network in int8. */
  readonly expectedInFloat32?: readonly number[] | undefined
  readonly macs: number
  readonly weightBytes: number
  /** Of the int8 form, for the same input. */
  readonly int8?: PreparedNetwork | undefined
}

/** Of a network the worker keeps both. */
export type NetworkForm = 'float32' | 'int8'
