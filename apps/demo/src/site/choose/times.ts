import type { PhaseTimes } from '../state/loading-clock.ts'

/** A column of the table of times: the phases that it sums. */
export interface TimesColumn {
  readonly title: string
  readonly about: string
  readonly phases: readonly string[]
}

export const columns: readonly TimesColumn[] = [
  { title: 'Start', about: 'the worker and its code', phases: ['start'] },
  { title: 'Download', about: 'from the hub or this page', phases: ['download'] },
  { title: 'Read', about: 'what came or was kept: checked and parsed', phases: ['verify', 'read'] },
  { title: 'Fold', about: 'the branches into one convolution each', phases: ['fold'] },
  { title: 'Pack', about: 'the weights in the order that the kernels read', phases: ['pack'] },
  { title: 'Compile', about: 'the kernels', phases: ['compile'] },
  { title: 'First run', about: 'on an empty picture', phases: ['warm-up'] },
]

/** Milliseconds of a column; undefined where none of its phases came. */
export function readMs(times: PhaseTimes, { phases }: TimesColumn): number | undefined {
  const found = phases.flatMap((phase) => times[phase] ?? [])
  return found.length > 0 ? found.reduce((sum, ms) => sum + ms, 0) : undefined
}
