/** How far long work is. */
export interface Progress {
  /** What is under way, for example `pack weights` or `download`. */
  readonly phase: string
  readonly done: number
  /** Absent when unknown. */
  readonly total?: number
}

export type OnProgress = (progress: Progress) => void
