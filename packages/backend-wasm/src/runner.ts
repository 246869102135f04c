/** The steps of a runtime, run one after the other by one thread or several. */
import { isMobileOneError, MobileOneError, pause, throwIfAborted } from '@mobileone/core'
import {
  type ChunkScheduler,
  createChunkScheduler,
  type StepKernel,
  type ThreadInit,
} from './chunk-scheduler.ts'
import { formatThreads, type ThreadPlan } from './thread-count.ts'
import { startThreadPool, type ThreadPool, type WorkerAddress } from './thread-pool.ts'

/** Milliseconds of work after which the event loop may turn: progress is shown, an abort is heard. */
const PAUSE_INTERVAL = 8
/** Seconds after which a worker that lives and does not finish its piece is given up. */
const STALL_LIMIT = 60
/** Runs on each number of threads that `auto` compares, and the milliseconds after which fewer will do. */
const MEASURED_RUNS = 4
const MEASURING_LIMIT = 200
/** Several threads have to take less than this part of one thread's time. */
const WORTHWHILE = 0.9

export interface Runner {
  run(signal: AbortSignal | undefined): Promise<void>
  /** Milliseconds of each step. */
  profile(): Promise<readonly number[]>
  /** End the workers. */
  end(): Promise<void>
}

export interface RunnerOptions {
  readonly plan: ThreadPlan
  readonly init: Omit<ThreadInit, 'thread' | 'threads'>
  readonly step: StepKernel
  readonly worker: WorkerAddress | undefined
  readonly signal: AbortSignal | undefined
}

/**
 * Start the workers that `plan` asks for and, where it says so, keep them only if they make a run faster.
 * @returns the runner, and in words how many threads it has and why.
 * @throws MobileOneError `unavailable` where a worker does not start that has to, `aborted`.
 */
export async function startRunner(options: RunnerOptions): Promise<{ runner: Runner; text: string }> {
  const { plan, signal } = options
  if (plan.threads === 1) return { runner: runnerOf(options, 1, undefined), text: plan.text }
  if (!plan.measure) return { runner: await startShared(options), text: plan.text }

  const single = runnerOf(options, 1, undefined)
  let shared: Runner | undefined
  try {
    shared = await startShared(options)
    const ms = await compare(single, shared, signal)
    const times = (threads: number, other: number): string =>
      `${formatThreads(threads)}: ${ms[threads === 1 ? 0 : 1].toFixed(1)} ms a run, ${ms[threads === 1 ? 1 : 0].toFixed(1)} ms on ${other}`
    if (ms[1] < ms[0] * WORTHWHILE) return { runner: shared, text: times(plan.threads, 1) }
    await shared.end()
    return { runner: single, text: times(1, plan.threads) }
  } catch (error) {
    await shared?.end()
    if (!isMobileOneError(error) || error.code === 'aborted') throw error
    return { runner: single, text: `1 thread: ${error.message}` }
  }
}

/** Mean milliseconds of a run on one thread and on several, taken in turns. */
async function compare(
  single: Runner,
  shared: Runner,
  signal: AbortSignal | undefined,
): Promise<[single: number, shared: number]> {
  await shared.run(signal)
  const sums: [number, number] = [0, 0]
  let rounds = 0
  while (rounds < MEASURED_RUNS && sums[0] + sums[1] < MEASURING_LIMIT) {
    for (const [index, runner] of [single, shared].entries()) {
      const start = performance.now()
      await runner.run(signal)
      sums[index as 0 | 1] += performance.now() - start
    }
    rounds++
  }
  return [sums[0] / rounds, sums[1] / rounds]
}

async function startShared(options: RunnerOptions): Promise<Runner> {
  const { threads } = options.plan
  const inits = Array.from({ length: threads - 1 }, (_, index) => ({
    ...options.init,
    thread: index + 1,
    threads,
  }))
  return runnerOf(options, threads, await startThreadPool(inits, options.worker, options.signal))
}

function runnerOf({ init, step }: RunnerOptions, threads: number, pool: ThreadPool | undefined): Runner {
  const maySleep = typeof document === 'undefined'
  return createRunner(createChunkScheduler({ ...init, thread: 0, threads }, step, maySleep), pool)
}

function createRunner(scheduler: ChunkScheduler, pool: ThreadPool | undefined): Runner {
  let lost: string | undefined
  const refuseLost = (): void => {
    lost ??= pool?.lost
    if (lost === undefined) return
    throw new MobileOneError('device-lost', `wasm: a worker thread is lost: ${lost}; compile the model again`)
  }

  /** The end of a worker is an event, which arrives only while the event loop turns. */
  const finish = async (isDone: () => boolean, signal?: AbortSignal): Promise<void> => {
    const deadline = performance.now() + STALL_LIMIT * 1000
    while (!isDone()) {
      await pause()
      if (performance.now() > deadline) lost ??= `it has not finished its work for ${STALL_LIMIT} s`
      refuseLost()
      throwIfAborted(signal, 'a run on wasm')
    }
  }

  const runSteps = async (
    signal: AbortSignal | undefined,
    onStep?: (index: number) => void,
  ): Promise<void> => {
    refuseLost()
    scheduler.beginRun()
    try {
      let turn = signal ? performance.now() : 0
      for (let index = 0; index < scheduler.steps; index++) {
        if (!scheduler.runStep(index)) await finish(() => scheduler.runStep(index), signal)
        onStep?.(index)
        if (signal && performance.now() - turn > PAUSE_INTERVAL) {
          await pause()
          throwIfAborted(signal, 'a run on wasm')
          turn = performance.now()
        }
      }
    } catch (error) {
      if (lost === undefined) await finish(() => scheduler.abortRun())
      throw error
    }
  }

  return {
    run: (signal) => runSteps(signal),
    async profile() {
      const times: number[] = []
      let start = performance.now()
      await runSteps(undefined, (index) => {
        times[index] = performance.now() - start
        start = performance.now()
      })
      return times
    },
    async end() {
      scheduler.end()
      await pool?.dispose()
    },
  }
}
