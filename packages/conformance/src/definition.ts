import type { Op } from '@mobileone/core'
import type { Context } from './context.ts'
import type { Trial } from './trial.ts'

/** A case before it meets a backend. */
export type Definition = Comparison | Check

interface Named {
  readonly name: string
  /** The ops it needs; an exception for one of them skips it. */
  readonly ops: readonly Op[]
  /** Set where the options lack what the case needs. */
  readonly skip?: string
}

/** Compiles and runs models, and compares their outputs with the reference. */
export interface Comparison extends Named {
  readonly trials: () => readonly Trial[]
}

/** Anything else. */
export interface Check extends Named {
  readonly trials?: undefined
  run(context: Context): Promise<void>
}
