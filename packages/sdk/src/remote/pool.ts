/** Calls shared out among threads: not responsible for what they do. */
import { MobileOneError } from '@mobileone/core'
import type { Connection } from './calls.ts'
import { disposal } from './failed.ts'
import { type PoolThread, startThread } from './pool-thread.ts'

/** Calls a thread has at a time: one is decoded while one runs. */
const CALLS_PER_THREAD = 2

/** Milliseconds before a thread that did not come up is started again, doubled each time. */
const RESTART_DELAY = { first: 100, last: 30_000 }

interface Job {
  /** Not refused by a full queue, nor counted in it. */
  readonly isPatient: boolean
  readonly run: (connection: Connection) => Promise<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
}

interface Slot {
  thread: PoolThread | undefined
  /** Whether `thread` takes calls: everything has been opened on it. */
  isReady: boolean
  running: number
  delay: number
  timer?: NodeJS.Timeout | undefined
}

/** What the threads of a pool are doing now. */
export interface PoolStats {
  readonly size: number
  /** Threads that take calls now. */
  readonly ready: number
  /** Calls that wait for a thread. */
  readonly queued: number
  /** Calls that a thread has. */
  readonly running: number
  /** Threads that were started in the place of one that ended by itself. */
  readonly restarts: number
}

export interface ThreadPoolOptions {
  readonly address: string | URL
  readonly size: number
  readonly maxQueue: number
  /**
   * Makes a thread that was started later what the others are.
   * @param thread Its number, that of the one whose place it takes.
   * @param ready Called when it is that: from then on `runOnAll` runs there too.
   */
  open(connection: Connection, thread: number, ready: () => void): Promise<void>
}

export class ThreadPool {
  readonly #options: ThreadPoolOptions
  readonly #slots: Slot[]
  readonly #queue: Job[] = []
  #restarts = 0
  #hasEnded = false
  /** Why no thread runs; undefined where one does or soon will. */
  #broken: MobileOneError | undefined

  constructor(options: ThreadPoolOptions) {
    this.#options = options
    this.#slots = Array.from({ length: options.size }, () => ({
      thread: undefined,
      isReady: false,
      running: 0,
      delay: RESTART_DELAY.first,
    }))
  }

  /** Start the first thread, for `first` alone, then the others; fails with the error of any. */
  async start(first: (connection: Connection) => Promise<void>): Promise<void> {
    const [one] = this.#slots as [Slot]
    try {
      await first(await this.#launch(one))
      await Promise.all(
        this.#slots.map(async (slot) => {
          if (slot === one) this.#admit(slot)
          else await this.#open(slot)
        }),
      )
    } catch (error) {
      this.end()
      throw error
    }
  }

  get stats(): PoolStats {
    return {
      size: this.#slots.length,
      ready: this.#slots.filter(({ isReady }) => isReady).length,
      queued: this.#queue.length,
      running: this.#slots.reduce((sum, { running }) => sum + running, 0),
      restarts: this.#restarts,
    }
  }

  /**
   * Run on the thread with the least to do, in the order of the calls. An abort takes a call out of the queue.
   * @throws MobileOneError `overloaded` at once where the queue is full, unless `isPatient`; `disposed` after the end.
   */
  run(
    run: (connection: Connection) => Promise<unknown>,
    signal?: AbortSignal,
    isPatient = false,
  ): Promise<unknown> {
    if (this.#hasEnded) return Promise.reject(disposal())
    if (this.#broken) return Promise.reject(this.#broken)
    return new Promise((resolve, reject) => {
      const job: Job = {
        isPatient,
        run,
        resolve: (value) => {
          signal?.removeEventListener('abort', onAbort)
          resolve(value)
        },
        reject: (error) => {
          signal?.removeEventListener('abort', onAbort)
          reject(error)
        },
      }
      const onAbort = (): void => {
        const place = this.#queue.indexOf(job)
        if (place < 0) return
        this.#queue.splice(place, 1)
        job.reject(new MobileOneError('aborted', 'a call that waited was aborted', { cause: signal?.reason }))
      }
      const { maxQueue } = this.#options
      const waiting = this.#queue.filter((each) => !each.isPatient).length
      if (!isPatient && !this.#freest() && waiting >= maxQueue) {
        reject(
          new MobileOneError(
            'overloaded',
            `${waiting} calls wait for the ${this.#slots.length} threads of the pool, and maxQueue allows ${maxQueue}; call again later, or answer a client with 503`,
          ),
        )
        return
      }
      this.#queue.push(job)
      signal?.addEventListener('abort', onAbort)
      if (signal?.aborted) onAbort()
      this.#dispatch()
    })
  }

  /** Run on every thread that takes calls. */
  async runOnAll(run: (connection: Connection) => Promise<unknown>): Promise<void> {
    await Promise.all(this.#slots.filter(({ isReady }) => isReady).map((slot) => this.#runOn(slot, run)))
  }

  /** End all threads; what waits is refused. */
  end(): void {
    this.#hasEnded = true
    for (const slot of this.#slots) {
      clearTimeout(slot.timer)
      slot.isReady = false
      slot.thread?.end()
    }
    this.#refuseAll(disposal())
  }

  async #open(slot: Slot): Promise<void> {
    const connection = await this.#launch(slot)
    await this.#options.open(connection, this.#slots.indexOf(slot), () => {
      if (!this.#hasEnded) this.#admit(slot)
    })
  }

  async #launch(slot: Slot): Promise<Connection> {
    // The memory that a thread works in is the next one's only when it has ended.
    slot.thread?.hold(true)
    await slot.thread?.ended
    if (this.#hasEnded) throw disposal()
    const thread = startThread(this.#options.address, (reason) => this.#lost(slot, thread, reason))
    slot.thread = thread
    return thread.connection
  }

  #admit(slot: Slot): void {
    slot.isReady = true
    this.#broken = undefined
    slot.delay = RESTART_DELAY.first
    slot.thread?.hold(false)
    this.#dispatch()
  }

  #lost(slot: Slot, thread: PoolThread, reason: string): void {
    // Whoever opens a thread hears of its end by what he waits for.
    if (this.#hasEnded || slot.thread !== thread || !slot.isReady) return
    slot.isReady = false
    this.#restart(slot, reason)
  }

  #restart(slot: Slot, reason: string): void {
    if (slot.delay > RESTART_DELAY.first && this.#slots.every(({ isReady }) => !isReady)) {
      this.#broken = new MobileOneError('device-lost', `no thread of the pool can be started: ${reason}`)
      this.#refuseAll(this.#broken)
    }
    const delay = slot.delay === RESTART_DELAY.first ? 0 : slot.delay
    slot.delay = Math.min(2 * slot.delay, RESTART_DELAY.last)
    slot.timer = setTimeout(async () => {
      this.#restarts++
      try {
        await this.#open(slot)
      } catch (error) {
        slot.thread?.end()
        if (!this.#hasEnded) this.#restart(slot, (error as Error).message)
      }
    }, delay)
    if (this.#queue.length === 0) slot.timer.unref()
  }

  #refuseAll(error: MobileOneError): void {
    for (const job of this.#queue.splice(0)) job.reject(error)
  }

  #freest(): Slot | undefined {
    const free = this.#slots.filter(({ isReady, running }) => isReady && running < CALLS_PER_THREAD)
    return free.sort((a, b) => a.running - b.running)[0]
  }

  #dispatch(): void {
    for (let slot = this.#freest(); slot && this.#queue.length > 0; slot = this.#freest()) {
      const job = this.#queue.shift() as Job
      this.#runOn(slot, job.run).then(job.resolve, job.reject)
    }
  }

  async #runOn(slot: Slot, run: (connection: Connection) => Promise<unknown>): Promise<unknown> {
    const thread = slot.thread as PoolThread
    slot.running++
    thread.hold(true)
    try {
      return await run(thread.connection)
    } finally {
      slot.running--
      if (slot.running === 0) thread.hold(false)
      this.#dispatch()
    }
  }
}
