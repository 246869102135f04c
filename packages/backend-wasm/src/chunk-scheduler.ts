/**
 * What every thread of a run does: claim chunks of the current step until none is left, then wait until all are done. The
 * main thread is thread 0 and takes part; workers run {@link serve}. A worker that the system does not schedule claims
 * nothing and is not waited for. This file imports nothing, because its JavaScript is also the text of the worker.
 *
 * Control words, i32, one cache line each, in the 1024 bytes from `control` on of the shared memory:
 * EPOCH counts the runs begun and is -1 when there will be no more; CLAIM is `epoch << 20 | step << 8 | next chunk`, where
 * a step past the last means that the run is over; DONE counts the chunks finished in this run; SLEEPERS the threads
 * asleep on CLAIM.
 */
const EPOCH = 32
const CLAIM = 48
const DONE = 64
const SLEEPERS = 80
const CONTROL_WORDS = 96

const STEP_SHIFT = 8
const EPOCH_SHIFT = 20
const CHUNK_MASK = (1 << STEP_SHIFT) - 1
const STEP_MASK = (1 << (EPOCH_SHIFT - STEP_SHIFT)) - 1
/** Programs of more steps run on one thread: CLAIM counts no further. */
export const MAX_SHARED_STEPS: number = STEP_MASK

/** Chunks of a step for each thread: few enough to cost nothing, enough that a late thread is waited for shortly. */
const CHUNKS_PER_THREAD = 4
/** Turns of a waiting loop before a thread goes to sleep: a good part of a millisecond. */
const SPINS = 40_000
/** Milliseconds that the main thread waits for the others before it lets its event loop turn. */
const PATIENCE = 20

/** What a worker is sent to begin with, and what the main thread keeps. Offsets are bytes. */
export interface ThreadInit {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  /** Of the control words, which are 0 to begin with. */
  readonly control: number
  readonly records: number
  readonly recordBytes: number
  /** Units of each step. */
  readonly units: Int32Array
  readonly scratch: number
  readonly scratchBytes: number
  /** The index of this thread; the main thread is 0. */
  readonly thread: number
  readonly threads: number
}

/** The kernels' entry point: units `from` to `to` of the step whose record lies at `record`. */
export type StepKernel = (record: number, from: number, to: number, scratch: number) => void

/** One thread's part in the runs. */
export interface ChunkScheduler {
  readonly steps: number
  /**
   * Run chunks of a step until none is left, then wait until all of them are done. The main thread waits no longer than a
   * moment: false where the others still work, for the caller to see whether they live and to call again.
   */
  runStep(index: number): boolean
  /** Main thread: let the workers begin a run. */
  beginRun(): void
  /** Main thread: leave the run: no chunk is claimed any more. True where none is under way, else call again. */
  abortRun(): boolean
  /** Main thread: let the workers end. */
  end(): void
  /** Worker: wait for the next run; false when there will be none. */
  awaitRun(): boolean
}

/** @param maySleep False on a browser's main thread, where `Atomics.wait` is forbidden. */
export function createChunkScheduler(init: ThreadInit, step: StepKernel, maySleep: boolean): ChunkScheduler {
  const { records, recordBytes, units, thread, threads } = init
  const scratch = init.scratch + thread * init.scratchBytes
  const control = new Int32Array(init.memory.buffer, init.control, CONTROL_WORDS)
  const chunks = Array.from(units, (count) => Math.min(count, CHUNK_MASK, threads * CHUNKS_PER_THREAD))
  /** Chunks up to the end of each step. */
  const ends: number[] = []
  for (const [index, count] of chunks.entries()) ends.push((ends[index - 1] ?? 0) + count)
  let epoch = 0
  /** Chunks of an aborted run that are done or under way. */
  let claimed = 0

  const tag = (index: number): number => (epoch << EPOCH_SHIFT) | (index << STEP_SHIFT)
  /** The first step from `index` on that has work, or the end of the run. */
  const nextTag = (index: number): number => {
    let next = index
    while (next < chunks.length && chunks[next] === 0) next++
    return tag(next)
  }

  const waitUntil = (word: number, reached: () => boolean): boolean => {
    let deadline = 0
    for (let turn = 1; !reached(); turn++) {
      if (turn % SPINS !== 0) continue
      if (thread === 0) {
        deadline ||= performance.now() + PATIENCE
        if (performance.now() > deadline) return false
      }
      if (!maySleep) continue
      Atomics.add(control, SLEEPERS, 1)
      const seen = Atomics.load(control, word)
      if (!reached()) Atomics.wait(control, word, seen, thread === 0 ? PATIENCE : undefined)
      Atomics.sub(control, SLEEPERS, 1)
    }
    return true
  }

  const runChunk = (index: number, chunk: number): void => {
    const count = units[index] as number
    const total = chunks[index] as number
    const from = Math.floor((count * chunk) / total)
    const to = Math.floor((count * (chunk + 1)) / total)
    step(records + index * recordBytes, from, to, scratch)
    if (Atomics.add(control, DONE, 1) + 1 !== ends[index]) return
    Atomics.compareExchange(control, CLAIM, tag(index) | total, nextTag(index + 1))
    if (Atomics.load(control, SLEEPERS) !== 0) Atomics.notify(control, CLAIM)
  }

  return {
    steps: units.length,
    runStep(index) {
      const total = chunks[index] as number
      if (total === 0) return true
      if (threads === 1) {
        step(records + index * recordBytes, 0, units[index] as number, scratch)
        return true
      }
      const mine = tag(index)
      const isCurrent = (word: number): boolean => (word & ~CHUNK_MASK) === mine
      for (;;) {
        const word = Atomics.load(control, CLAIM)
        if (!isCurrent(word)) return true
        const chunk = word & CHUNK_MASK
        if (chunk === total) break
        if (Atomics.compareExchange(control, CLAIM, word, word + 1) === word) runChunk(index, chunk)
      }
      return waitUntil(CLAIM, () => !isCurrent(Atomics.load(control, CLAIM)))
    },
    beginRun() {
      if (threads === 1) return
      epoch = (epoch + 1) & 0x7fffffff
      claimed = 0
      Atomics.store(control, DONE, 0)
      Atomics.store(control, CLAIM, nextTag(0))
      Atomics.store(control, EPOCH, epoch)
      Atomics.notify(control, EPOCH)
    },
    abortRun() {
      if (threads === 1) return true
      const over = tag(chunks.length)
      let word = Atomics.load(control, CLAIM)
      for (let found = word; word !== over; word = found) {
        found = Atomics.compareExchange(control, CLAIM, word, over)
        if (found === word) break
      }
      if (word !== over) {
        const index = (word >>> STEP_SHIFT) & STEP_MASK
        claimed = (ends[index - 1] ?? 0) + (word & CHUNK_MASK)
        Atomics.notify(control, CLAIM)
      }
      return Atomics.load(control, DONE) >= claimed
    },
    end() {
      if (threads === 1) return
      Atomics.store(control, EPOCH, -1)
      Atomics.notify(control, EPOCH)
    },
    awaitRun() {
      waitUntil(EPOCH, () => Atomics.load(control, EPOCH) !== epoch)
      epoch = Atomics.load(control, EPOCH)
      return epoch !== -1
    },
  }
}

/** The life of a worker: link the kernels, answer `ready`, then take part in one run after the other. */
export function serve(): void {
  const port: Pick<MessagePort, 'onmessage' | 'postMessage'> =
    (globalThis.process?.getBuiltinModule?.('node:worker_threads').parentPort as never) ??
    (globalThis as never)
  port.onmessage = async ({ data }: { data: ThreadInit }) => {
    try {
      const { exports } = await WebAssembly.instantiate(data.module, { env: { memory: data.memory } })
      const scheduler = createChunkScheduler(data, exports.step as StepKernel, true)
      port.postMessage('ready')
      while (scheduler.awaitRun()) {
        for (let index = 0; index < scheduler.steps; index++) scheduler.runStep(index)
      }
    } catch (error) {
      port.postMessage(String(error))
    }
  }
}
