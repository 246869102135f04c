import type { Backend } from '@mobileone/core'

/** What a case runs against. */
export interface Context {
  /** A fresh backend, as the factory makes it. */
  readonly backend: Backend
  /** Largest allowed difference over the largest magnitude of the expected output (or over 1 where that is less). */
  readonly tolerance: number
}
