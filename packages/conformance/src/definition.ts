import type { Backend, Op } from '@mobileone/core'
import type { Trial } from './trial.ts'

/** What a case runs against. */
export interface Context {
  /** A fresh backend, as the factory makes it. */
  readonly backend: Backend
  /** Largest allowed difference over the largest magnitude of the expected output (or over 1 where that is less). */
  readonly tolerance: number
}

/** A case before it meets a backend. */
export interface Definition {
  readonly name: string
  /** The ops it needs; an exception for one of them skips it. */
  readonly ops: readonly Op[]
  /** Set where the options lack what the case needs. */
  readonly skip?: string
  /** The models it compiles, where it only compares outputs with the reference. */
  readonly trials?: () => readonly Trial[]
  run(context: Context): Promise<void>
}
