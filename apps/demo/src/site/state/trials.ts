import { median } from '@mobileone/measure'
import type { Refusal } from '@mobileone/sdk'
import { type ReadonlySignal, signal } from '@preact/signals'
import { type Choice, trialKey } from './choice.ts'
import type { PhaseTimes } from './loading-clock.ts'

/** One combination that was loaded in this visit, and what that took. */
export interface Trial {
  readonly key: string
  readonly choice: Choice
  /** `MobileOne S0`, or the name of the file. */
  readonly title: string
  /** What was compiled: `wasm`, with `simd`, `2 threads` and so on. */
  readonly features: readonly string[]
  readonly phases: PhaseTimes
  /** What the backend holds, in bytes. */
  readonly memory: number
  readonly steady?: Steady
  /** Why it does not run here; the times are those until then. */
  readonly failure?: string
}

/** Runs on zeros, asked from the page. */
export interface Steady {
  /** Milliseconds. */
  readonly median: number
  readonly runs: number
}

const tried = signal<readonly Trial[]>([])
/** Every combination of this visit, in the order they were first tried. */
export const trials: ReadonlySignal<readonly Trial[]> = tried

/** `list` with `trial` in the place of the one of the same combination, of which stays what was not done again: a download, say. */
export function withTrial(list: readonly Trial[], trial: Trial): readonly Trial[] {
  const before = list.find(({ key }) => key === trial.key)
  if (!before) return [...list, trial]
  const next: Trial = {
    ...(before.steady && !trial.failure && { steady: before.steady }),
    ...trial,
    phases: { ...before.phases, ...trial.phases },
  }
  return list.map((each) => (each.key === trial.key ? next : each))
}

export function recordTrial(trial: Omit<Trial, 'key'>): void {
  tried.value = withTrial(tried.peek(), { ...trial, key: keyOf(trial) })
}

export function recordSteady(key: string, steady: Steady): void {
  tried.value = tried.peek().map((trial) => (trial.key === key ? { ...trial, steady } : trial))
}

/** A file is told from another by its name. */
export function keyOf({ choice, title }: Pick<Trial, 'choice' | 'title'>): string {
  return `${title} ${trialKey(choice)}`
}

/** Why `backend` was passed over, in the words of the first refusal of it. */
export function refusalOf(refusals: readonly Refusal[], backend: string): string | undefined {
  return refusals.find((refusal) => refusal.backend === backend)?.reason
}

/**
 * Milliseconds that `run` takes: the median of runs one after another, for about `forMs` and at most `atMost` of them.
 * @throws what `run` throws; the signal's reason when it aborts.
 */
export async function measureSteady(
  run: () => Promise<unknown>,
  {
    forMs = 2000,
    atMost = 100,
    signal,
    now = () => performance.now(),
  }: {
    readonly forMs?: number
    readonly atMost?: number
    readonly signal?: AbortSignal
    readonly now?: () => number
  } = {},
): Promise<Steady> {
  await run()
  const times: number[] = []
  const end = now() + forMs
  do {
    signal?.throwIfAborted()
    const begun = now()
    await run()
    times.push(now() - begun)
  } while (times.length < atMost && now() < end)
  return { median: median(times), runs: times.length }
}
