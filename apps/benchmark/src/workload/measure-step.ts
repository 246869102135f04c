import type { RunnerParameters } from './options.ts'

/** A part of a suite that is timed on its own. */
export interface Step {
  readonly name: string
  run(): Promise<void>
}

/** What the runner takes of a step: milliseconds. Work after the step, such as painting, is not in it, and `tests` is empty. */
export interface StepResult {
  readonly tests: Readonly<Record<string, number>>
  readonly total: number
}

/**
 * Time a step as Speedometer's runner does an asynchronous one: begun in an animation frame, with marks and measures of its names in the
 * performance timeline (`default.Benchmark-sync`).
 */
export async function measureStep(
  suite: string,
  step: Step,
  { waitBeforeSync, warmupBeforeSync }: RunnerParameters,
): Promise<StepResult> {
  const label = `${suite}.${step.name}`
  if (waitBeforeSync > 0) await new Promise((resolve) => setTimeout(resolve, waitBeforeSync))
  await new Promise(requestAnimationFrame)
  busyFor(warmupBeforeSync)
  const start = performance.mark(`${label}-start`).startTime
  await step.run()
  const end = performance.mark(`${label}-sync-end`).startTime
  await nextTask()
  performance.mark(`${label}-async-end`)
  performance.measure(`${label}-sync`, `${label}-start`, `${label}-sync-end`)
  performance.measure(`${label}-async`, `${label}-sync-end`, `${label}-async-end`)
  return { tests: {}, total: end - start }
}

/** So that the processor runs at its full clock. */
function busyFor(ms: number): void {
  const begin = performance.now()
  while (performance.now() - begin < ms);
}

function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}
