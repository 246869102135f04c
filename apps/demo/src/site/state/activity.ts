import { signal } from '@preact/signals'

/** Training that goes on whatever view is shown. */
export interface TrainingActivity {
  readonly isPaused: boolean
  /** Of 1. */
  readonly fraction: number
}

/** What the frame tells of a run of training; undefined while there is none. */
export const trainingActivity = signal<TrainingActivity | undefined>(undefined)
