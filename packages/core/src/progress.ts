/** How far long work is. */
export interface Progress {
  /**
   * What is under way. Making a classifier goes through `download`, `read`, `fold`, `pack` (weights into the backend's layout), `compile`
   * (kernels), `warm-up` and `ready`, without those that are not needed; others may come between, such as `verify`.
   */
  readonly phase: string
  readonly done: number
  /** Absent when unknown. */
  readonly total?: number
  /** How much of the whole work is done, phases together: from 0 to 1, never falling. Absent where nobody knows the whole. */
  readonly fraction?: number
}

/** Hears how far work is, as it goes on. */
export type OnProgress = (progress: Progress) => void
