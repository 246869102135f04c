import { setTimeout as sleep } from 'node:timers/promises'
import { type Allowance, type Growth, growthOf } from '@mobileone/testkit'
import type { Lane, Memory } from './lane.ts'
import { lanes, type Runtime, type Subject } from './subjects.ts'
import { type Phase, phases } from './work.ts'

/** How many turns of each phase. */
export type Counts = Readonly<Record<Phase, number>>

/** What was held after so many turns. */
export interface Sample extends Memory {
  readonly done: number
}

/** One phase of one backend. */
export interface SoakPart extends Subject {
  readonly phase: Phase
  readonly asked: number
  readonly done: number
  readonly seconds: number
  /** Of aborts: how many ended the call. */
  readonly aborted?: number
  readonly samples: readonly Sample[]
  readonly grown: readonly Growth<keyof Memory>[]
  /** What was wrong; the phase then ended. */
  readonly problem?: string
}

/** What was not done at all. */
export interface Skipped extends Subject {
  readonly reason: string
}

export interface SoakOptions {
  readonly subjects: readonly Subject[]
  readonly counts: Counts
  /** Seconds after which a phase ends with what it has. */
  readonly secondsPerPhase: number
  readonly signal?: AbortSignal
  /** Hears how far it is. */
  onProgress?(progress: {
    readonly phase: string
    readonly done: number
    readonly total: number
    readonly secondsLeft?: number
  }): void
  /** Hears of each phase that is over, so that it can be kept. */
  onPart?(part: SoakPart): void
}

/** What each process may come to hold more over the last two thirds of a phase: 1 MB of heap is 15 bytes for each of 66,667 inferences. */
export const allowed: Readonly<Record<Runtime, Readonly<Record<keyof Memory, Allowance>>>> = {
  node: {
    heap: { share: 0.02, amount: 1e6 },
    external: { share: 0.02, amount: 1e6 },
    process: { share: 0.05, amount: 24e6 },
    workers: { share: 0, amount: 0 },
  },
  chromium: {
    heap: { share: 0.02, amount: 1e6 },
    external: { share: 0.02, amount: 1e6 },
    process: { share: 0.05, amount: 40e6 },
    workers: { share: 0, amount: 0 },
  },
}

/** How many times the memory is looked at in a phase of `turns`, beside once before it: not too often in a short one, since it takes time. */
const looks = (turns: number): number => Math.min(turns, 120, Math.max(15, Math.ceil(turns / 20)))

/** Samples below which growth is not judged. */
export const fewestJudged = 8

/** All phases of all subjects, each subject in a process of its own. */
export async function runSoak(
  options: SoakOptions,
): Promise<{ readonly parts: readonly SoakPart[]; readonly skipped: readonly Skipped[] }> {
  const parts: SoakPart[] = []
  const skipped: Skipped[] = []
  for (const [index, subject] of options.subjects.entries()) {
    if (options.signal?.aborted) break
    const { backend, runtime } = subject
    const begin = `${index + 1} of ${options.subjects.length}, ${backend} in ${runtime}`
    options.onProgress?.({ phase: `${begin}: starting`, done: 0, total: 0 })
    let lane: Lane
    try {
      lane = await lanes[runtime](backend)
    } catch (error) {
      skipped.push({ ...subject, reason: (error as Error).message })
      continue
    }
    try {
      for (const phase of phases) {
        if (options.counts[phase] === 0 || options.signal?.aborted) continue
        const part = await runPhase(lane, subject, phase, options, begin)
        if (part.samples.length === 0) continue
        parts.push(part)
        options.onPart?.(part)
        if (part.problem !== undefined) break
      }
    } finally {
      await lane.close()
    }
  }
  return { parts, skipped }
}

async function runPhase(
  lane: Lane,
  subject: Subject,
  phase: Phase,
  { counts, secondsPerPhase, signal, onProgress }: SoakOptions,
  begin: string,
): Promise<SoakPart> {
  const asked = counts[phase]
  const samples: Sample[] = []
  const started = performance.now()
  const elapsed = (): number => (performance.now() - started) / 1000
  let done = 0
  let aborted = 0
  let problem: string | undefined
  const take = async (count: number): Promise<void> => {
    const { outcome, memory } = await untilAborted(lane.run({ phase, from: done, count }), signal)
    done += count
    aborted += outcome.aborted
    samples.push({ done, ...memory })
    const secondsLeft = Math.min((elapsed() / done) * (asked - done), secondsPerPhase - elapsed())
    onProgress?.({
      phase: `${begin}: ${phase}`,
      done: Math.min(done, asked - 1),
      total: asked,
      ...(done > 0 && { secondsLeft: Math.max(0, secondsLeft) }),
    })
  }
  const intervals = looks(asked)
  try {
    await take(0)
    for (let turn = 1; turn <= intervals && elapsed() < secondsPerPhase && !signal?.aborted; turn++) {
      const until = Math.round((turn * asked) / intervals)
      await take(until - done)
    }
  } catch (error) {
    if (!signal?.aborted) problem = (error as Error).message
  }
  return {
    ...subject,
    phase,
    asked,
    done,
    seconds: elapsed(),
    ...(phase === 'aborts' && { aborted }),
    samples,
    grown: samples.length < fewestJudged ? [] : growthOf(samples.map(withoutDone), allowed[subject.runtime]),
    ...(problem !== undefined && { problem }),
  }
}

const withoutDone = ({ done: _, ...memory }: Sample): Memory => memory

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  work.catch(() => {})
  const stop = new AbortController()
  try {
    return await Promise.race([
      work,
      sleep(2 ** 31 - 1, undefined, { signal: AbortSignal.any([signal, stop.signal]) }).then(() => work),
    ])
  } finally {
    stop.abort()
  }
}
