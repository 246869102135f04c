/**
 * Runs contenders against each other. It is not responsible for where they run: a lane opens a host, in a page or in a
 * process. Contenders are checked against the reference before and after they are timed, and take turns, so that
 * whatever else the machine does meets all of them.
 */
import {
  type ExecutorPrecision,
  int8Tolerance,
  MobileOneError,
  type OnProgress,
  random,
  throwIfAborted,
} from '@mobileone/core'
import { checkOutput, type OutputError } from './check-output.ts'
import type { Finish, Host, Start } from './host.ts'
import type { Pause } from './pause.ts'
import { type Protocol, summarize } from './protocol.ts'
import type { Peak, Result, Skipped } from './result.ts'
import { median } from './statistics.ts'
import type { Subject } from './subject.ts'

/** One contender in one runtime with one number of threads. */
export interface Lane {
  readonly contender: string
  readonly runtime: string
  readonly threads: number
  /** Why it cannot run here; then it is not opened. */
  readonly refusal?: string | undefined
  /** How far an answer may be from the reference, over that one's largest value. Default `tolerance`, in int8 core's `int8Tolerance`. */
  readonly tolerance?: number | undefined
  /** What the lane runs of a subject: its int8 form, say. Undefined where there is nothing of it to run. Default: the subject. */
  subject?(subject: Subject): Subject | undefined
  /** What a contender that does not tell computes in. Default: float32. */
  precision?(subject: Subject): ExecutorPrecision
  /** Fresh surroundings with the subject's model, nothing started. */
  open(subject: Subject): Promise<LaneHost>
}

/** A host that may know what it has fetched. */
export interface LaneHost extends Host {
  /** Bytes this host has fetched, without the model. */
  wire?(): Promise<Fetched>
}

/** Bytes of a contender's own files, as stored and as sent with gzip. */
export interface Fetched {
  readonly bytes: number
  readonly gzipBytes?: number
}

/** Where the peak of the processor is measured: one runtime, one number of threads, one instruction. */
export interface PeakLane {
  readonly runtime: string
  readonly threads: number
  readonly instruction: string
  /** GFLOP/s now. */
  measure(): Promise<number>
}

/** What `benchmark` measures (every subject in every lane), by which protocol, and whom it tells. */
export interface BenchmarkOptions {
  readonly subjects: AsyncIterable<Subject> | Iterable<Subject>
  readonly lanes: readonly Lane[]
  /** Default: none, and no result has a share of the peak. */
  readonly peaks?: readonly PeakLane[] | undefined
  readonly protocol: Protocol
  readonly onProgress?: OnProgress | undefined
  readonly onResult?: ((result: Result) => void) | undefined
  readonly onSkipped?: ((skipped: Skipped) => void) | undefined
  /** Ends it; what has been measured until then is told to `onResult` first, as incomplete. */
  readonly signal?: AbortSignal | undefined
  /** Holds it between two turns: see `createPause`. */
  readonly pause?: Pick<Pause, 'wait'> | undefined
}

/** What `benchmark` gives: all figures, and what could not be measured, with the reason. */
export interface Measured {
  readonly peaks: readonly Peak[]
  readonly results: readonly Result[]
  readonly skipped: readonly Skipped[]
}

/** A start or a turn that takes longer than this has hung. */
const deadlineMs = 180_000

interface Runner {
  readonly lane: Lane
  /** What this lane runs. */
  readonly subject: Subject
  readonly host: LaneHost
  readonly starts: Start[]
  readonly samples: number[]
}

/** @throws MobileOneError `aborted`. What goes wrong with a contender is in `skipped`. */
export async function benchmark(options: BenchmarkOptions): Promise<Measured> {
  const { lanes, peaks = [], protocol, signal } = options
  const results: Result[] = []
  const skipped: Skipped[] = []
  const peakSamples = new Map<PeakLane, number[]>(peaks.map((peak) => [peak, []]))
  const samplePeaks = async (wanted: readonly PeakLane[]): Promise<void> => {
    for (const peak of wanted) peakSamples.get(peak)?.push(await peak.measure())
  }
  const peaksOf = (lane: Pick<Lane, 'runtime' | 'threads'>): readonly PeakLane[] =>
    peaks.filter(({ runtime, threads }) => runtime === lane.runtime && threads === lane.threads)
  const shuffle = random(protocol.rounds)

  for await (const subject of options.subjects) {
    const skip = (lane: Lane, error: unknown): void => {
      const { contender, runtime, threads } = lane
      const entry = { contender, variant: subject.variant, runtime, threads, reason: reasonOf(error) }
      skipped.push(entry)
      options.onSkipped?.(entry)
    }
    const running = new Set<Runner>()
    const drop = async (runner: Runner, error: unknown): Promise<void> => {
      running.delete(runner)
      skip(runner.lane, error)
      await runner.host.close()
    }
    const pending: Omit<Result, 'gflops' | 'peakShare'>[] = []
    const keepIncomplete = (runner: Runner, why: string): void => {
      const rounds = `${runner.samples.length} of ${protocol.rounds * protocol.runsPerTurn} runs`
      if (runner.samples.length > 0) {
        pending.push(resultOf(runner, subject, protocol, { incomplete: `${why}, after ${rounds}` }))
      }
    }
    const tell = (): void => {
      for (const result of pending.splice(0)) {
        const [peak] = peaksOf(result)
        const samples = peak && peakSamples.get(peak)?.slice(peaksBefore.get(peak))
        const whole = withShare(result, protocol, samples && median(samples))
        results.push(whole)
        options.onResult?.(whole)
      }
    }
    const peaksBefore = new Map([...peakSamples].map(([peak, samples]) => [peak, samples.length]))
    try {
      const open = lanes.filter((lane) => lane.refusal === undefined)
      for (const lane of lanes) if (lane.refusal !== undefined) skip(lane, lane.refusal)
      await startAll(open, subject, options, running, skip)
      await samplePeaks(peaks)

      for (let round = 0; round < protocol.rounds; round++) {
        options.onProgress?.({ phase: `${subject.variant}: run`, done: round, total: protocol.rounds })
        for (const runner of shuffled([...running], shuffle.next)) {
          await options.pause?.wait(signal)
          throwIfAborted(signal, 'the benchmark')
          try {
            const { settle, runsPerTurn: runs, recreate } = protocol
            runner.samples.push(...(await inTime(runner.host.turn({ settle, runs, recreate }))))
          } catch (error) {
            keepIncomplete(runner, reasonOf(error))
            await drop(runner, error)
          }
          await samplePeaks(peaksOf(runner.lane))
        }
      }

      for (const runner of [...running]) {
        throwIfAborted(signal, 'the benchmark')
        options.onProgress?.({ phase: `${subject.variant}: check ${nameOf(runner.lane)}`, done: 0 })
        try {
          const finish = await inTime(runner.host.finish())
          const wire = await runner.host.wire?.()
          const result = resultOf(runner, subject, protocol, { finish, wire })
          const accuracy = await accuracyOf(runner, options)
          pending.push({ ...result, ...(accuracy && { accuracy }) })
          running.delete(runner)
          await runner.host.close()
        } catch (error) {
          throwIfAborted(signal, 'the benchmark')
          await drop(runner, error)
        }
      }
      tell()
    } catch (error) {
      for (const runner of running) keepIncomplete(runner, reasonOf(error))
      tell()
      throw error
    } finally {
      await Promise.all([...running].map(({ host }) => host.close()))
    }
  }
  return {
    peaks: peaks.map((peak) => {
      const samples = peakSamples.get(peak) ?? []
      const { runtime, threads, instruction } = peak
      return { runtime, threads, instruction, gflops: median(samples), samples }
    }),
    results,
    skipped,
  }
}

/** Start every lane as often as the protocol says, one at a time, lanes taking turns; the last start of each stays open. */
async function startAll(
  lanes: readonly Lane[],
  subject: Subject,
  { protocol, onProgress, signal }: BenchmarkOptions,
  running: Set<Runner>,
  skip: (lane: Lane, error: unknown) => void,
): Promise<void> {
  const starts = new Map<Lane, Start[]>(lanes.map((lane) => [lane, []]))
  const total = lanes.length * protocol.starts
  let done = 0
  for (let turn = 1; turn <= protocol.starts; turn++) {
    for (const lane of lanes) {
      throwIfAborted(signal, 'the benchmark')
      const earlier = starts.get(lane)
      if (!earlier) continue
      onProgress?.({ phase: `${subject.variant}: start ${nameOf(lane)}`, done: done++, total })
      let host: LaneHost | undefined
      try {
        const own = lane.subject ? lane.subject(subject) : subject
        if (!own)
          throw new MobileOneError('unsupported', `${subject.variant} has no form that this lane runs`)
        host = await inTime(lane.open(own))
        const start = await inTime(host.start())
        check(start.output, own, lane, precisionOf(start, own, lane))
        earlier.push(start)
        if (turn < protocol.starts) await host.close()
        else running.add({ lane, subject: own, host, starts: earlier, samples: [] })
      } catch (error) {
        starts.delete(lane)
        skip(lane, error)
        await host?.close()
      }
    }
  }
}

function precisionOf({ precision }: Start, subject: Subject, lane: Lane): ExecutorPrecision {
  return precision ?? lane.precision?.(subject) ?? 'float32'
}

/** Compare with what the reference gives in the same arithmetic. */
function check(
  output: readonly number[],
  subject: Subject,
  { tolerance }: Lane,
  precision: ExecutorPrecision,
): OutputError {
  return precision === 'int8'
    ? checkOutput(output, subject.expected, tolerance ?? int8Tolerance)
    : checkOutput(output, subject.expectedInFloat32 ?? subject.expected, tolerance)
}

async function accuracyOf(
  { lane, subject, host }: Runner,
  { onProgress, signal }: BenchmarkOptions,
): Promise<Result['accuracy']> {
  const { photographs = [] } = subject
  if (photographs.length === 0 || !host.classify) return undefined
  let right = 0
  for (const [index, { label }] of photographs.entries()) {
    throwIfAborted(signal, 'the benchmark')
    onProgress?.({
      phase: `${subject.variant}: photographs, ${nameOf(lane)}`,
      done: index,
      total: photographs.length,
    })
    if ((await inTime(host.classify(index))) === label) right++
  }
  return { photographs: photographs.length, right }
}

function resultOf(
  { lane, subject: own, starts, samples }: Runner,
  subject: Subject,
  protocol: Protocol,
  end: { readonly finish: Finish; readonly wire: Fetched | undefined } | { readonly incomplete: string },
): Omit<Result, 'gflops' | 'peakShare'> {
  const finish = 'finish' in end ? end.finish : undefined
  const wire = 'finish' in end ? end.wire : undefined
  const last = starts.at(-1) as Start
  const precision = precisionOf(last, own, lane)
  const { maxAbsError, maxRelError } = check(finish?.output ?? last.output, own, lane, precision)
  const nothing = {
    medianMs: null,
    p95Ms: null,
    minMs: null,
    meanMs: null,
    lowMs: null,
    highMs: null,
  }
  const middle = (pick: (start: Start) => number): number => median(starts.map(pick))
  const { steps } = last
  return {
    contender: lane.contender,
    variant: subject.variant,
    runtime: lane.runtime,
    threads: lane.threads,
    loadMs: middle((start) => start.loadMs),
    compileMs: middle((start) => start.compileMs),
    firstMs: middle((start) => start.firstMs),
    startMs: middle((start) => start.loadMs + start.compileMs + start.firstMs),
    ...(samples.length === 0 ? nothing : summarize(samples, protocol)),
    memoryBytes: finish?.memory.bytes ?? null,
    memoryKind: finish?.memory.kind ?? 'not measured',
    wireBytes: wire?.bytes ?? null,
    wireGzipBytes: wire?.gzipBytes ?? null,
    weightBytes: own.weightBytes,
    maxAbsError,
    maxRelError,
    macs: subject.macs,
    ...(steps !== undefined && { steps }),
    precision,
    ...(finish?.gpu && { gpu: finish.gpu }),
    ...('incomplete' in end && { incomplete: end.incomplete }),
    samples,
    starts: starts.map(({ loadMs, compileMs, firstMs }) => ({ loadMs, compileMs, firstMs })),
  }
}

function withShare(
  result: Omit<Result, 'gflops' | 'peakShare'>,
  { headline }: Protocol,
  peak: number | undefined,
): Result {
  const ms = result[headline]
  const gflops = ms === null ? null : (2 * result.macs) / (ms * 1e6)
  return { ...result, gflops, peakShare: gflops === null || !peak ? null : gflops / peak }
}

/** `ort-wasm ×2 in chromium`. */
export function nameOf({
  contender,
  runtime,
  threads,
}: Pick<Lane, 'contender' | 'runtime' | 'threads'>): string {
  return `${contender} ×${threads} in ${runtime}`
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return (message.split('\n')[0] ?? '').trim() || 'failed without a message'
}

/** Fisher and Yates. */
function shuffled<T>(items: T[], next: () => number): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(next() * (last + 1))
    ;[items[last], items[other]] = [items[other] as T, items[last] as T]
  }
  return items
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new MobileOneError('unavailable', `gave no answer within ${deadlineMs / 1000} seconds`)),
      deadlineMs,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
