/**
 * What every thread of a run does: its part of each step, then wait for the others. The main thread is member 0 and takes
 * part; workers run {@link serve}. This file imports nothing, because its JavaScript is also the text of the worker.
 *
 * Control words, i32, one cache line each, in the first 1024 bytes of the shared memory:
 * EPOCH counts the runs begun and is -1 when there will be no more, ARRIVED the parts of steps finished in this run, SLEEPERS the members asleep on ARRIVED,
 * IDLE the times a worker came back from a run; ABORT is 1 when the run shall not go on.
 */
const EPOCH = 32
const ARRIVED = 48
const SLEEPERS = 64
const ABORT = 80
const IDLE = 96
const CONTROL_WORDS = 112

/** Turns of a waiting loop before a member goes to sleep: a good part of a millisecond. */
const SPINS = 40_000
/** Milliseconds after which a worker that does not answer is given up. */
const PATIENCE = 60_000

/** What a worker is sent to begin with, and what the main thread keeps. Offsets are bytes. */
export interface Assignment {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  readonly records: number
  readonly recordBytes: number
  /** Units of each step. */
  readonly units: Int32Array
  readonly scratch: number
  readonly scratchBytes: number
  readonly member: number
  readonly members: number
}

type StepKernel = (record: number, from: number, to: number, scratch: number) => void

/** One thread's view of the work. */
export interface Member {
  readonly steps: number
  /** Run this member's part of a step. */
  part(index: number): void
  /** Tell that the part of a step is done and wait for the others; false when the run is aborted. */
  join(index: number): boolean
  /** Main thread: let the workers begin a run. */
  begin(): void
  /** Main thread: make the workers leave the run. */
  abort(): void
  /** Main thread: let the workers end. */
  end(): void
  /** Worker: wait for the next run; false when there will be none. */
  awaitRun(): boolean
  /** Worker: tell that it waits for the next run. */
  rest(): void
}

/**
 * @param maySleep False on a browser's main thread, where `Atomics.wait` is forbidden.
 * @param lost The error for a main thread whose workers do not answer any more.
 */
export function createMember(
  assignment: Assignment,
  step: StepKernel,
  maySleep: boolean,
  lost: () => Error,
): Member {
  const { records, recordBytes, units, member, members } = assignment
  const scratch = assignment.scratch + member * assignment.scratchBytes
  const control = new Int32Array(assignment.memory.buffer, 0, CONTROL_WORDS)
  let epoch = 0

  const awaitWord = (word: number, reached: () => boolean): boolean => {
    let deadline = 0
    for (let turn = 1; !reached(); turn++) {
      if (Atomics.load(control, ABORT) !== 0 && word === ARRIVED) return false
      if (turn % SPINS !== 0) continue
      if (member === 0) {
        deadline ||= performance.now() + PATIENCE
        if (performance.now() > deadline) throw lost()
      }
      if (!maySleep) continue
      Atomics.add(control, SLEEPERS, 1)
      const seen = Atomics.load(control, word)
      const wake = reached() || (Atomics.load(control, ABORT) !== 0 && word === ARRIVED)
      if (!wake) Atomics.wait(control, word, seen, member === 0 ? PATIENCE / 4 : undefined)
      Atomics.sub(control, SLEEPERS, 1)
    }
    return true
  }

  return {
    steps: units.length,
    part(index) {
      const count = units[index] as number
      const from = Math.floor((count * member) / members)
      const to = Math.floor((count * (member + 1)) / members)
      if (from < to) step(records + index * recordBytes, from, to, scratch)
    },
    join(index) {
      if (members === 1) return true
      const target = (index + 1) * members
      Atomics.add(control, ARRIVED, 1)
      if (Atomics.load(control, SLEEPERS) !== 0) Atomics.notify(control, ARRIVED)
      return awaitWord(ARRIVED, () => Atomics.load(control, ARRIVED) >= target)
    },
    begin() {
      if (members === 1) return
      awaitWord(IDLE, () => Atomics.load(control, IDLE) === epoch * (members - 1))
      Atomics.store(control, ARRIVED, 0)
      Atomics.store(control, ABORT, 0)
      epoch++
      Atomics.store(control, EPOCH, epoch)
      Atomics.notify(control, EPOCH)
    },
    abort() {
      if (members === 1) return
      Atomics.store(control, ABORT, 1)
      Atomics.notify(control, ARRIVED)
    },
    end() {
      if (members === 1) return
      Atomics.store(control, EPOCH, -1)
      Atomics.notify(control, EPOCH)
    },
    awaitRun() {
      awaitWord(EPOCH, () => Atomics.load(control, EPOCH) !== epoch)
      epoch = Atomics.load(control, EPOCH)
      return epoch !== -1
    },
    rest() {
      Atomics.add(control, IDLE, 1)
      Atomics.notify(control, IDLE)
    },
  }
}

/** The life of a worker: link the kernels, answer `ready`, then take part in one run after the other. */
export function serve(): void {
  const port: Pick<MessagePort, 'onmessage' | 'postMessage' | 'close'> =
    typeof process === 'object' && process.getBuiltinModule
      ? (process.getBuiltinModule('node:worker_threads').parentPort as never)
      : (globalThis as never)
  port.onmessage = async ({ data }: { data: Assignment }) => {
    try {
      const { exports } = await WebAssembly.instantiate(data.module, { env: { memory: data.memory } })
      const member = createMember(data, exports.step as StepKernel, true, () => new Error())
      port.postMessage('ready')
      while (member.awaitRun()) {
        for (let index = 0; index < member.steps; index++) {
          member.part(index)
          if (!member.join(index)) break
        }
        member.rest()
      }
      port.close()
    } catch (error) {
      port.postMessage(String(error))
    }
  }
}
