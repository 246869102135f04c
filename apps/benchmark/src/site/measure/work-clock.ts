/** How much of a measurement is done, and how long the rest takes: guessed at first, then from what was measured. */
import type { Protocol } from '@mobileone/measure'

export interface WorkPlan {
  /** Multiply-accumulates of each network that is to be measured, in order. */
  readonly macs: readonly number[]
  /** Names of the lanes. */
  readonly lanes: readonly string[]
  readonly protocol: Pick<Protocol, 'starts' | 'rounds' | 'settle' | 'runsPerTurn'>
}

/** Milliseconds, before anything is known. */
const guess = { referenceOfMac: 1.6e-5, runOfMac: 1.5e-7, start: 600, rest: 60 } as const

interface Work {
  starts: number
  startMs: number
  /** Of the first run, of a fresh start. */
  firstMs: number
  turns: number
  turnMs: number
  isOver: boolean
}

/** Networks and lanes go by their places in the plan, and by their names. */
export class WorkClock {
  readonly #plan: WorkPlan
  readonly #work: Map<string, Work>[]
  readonly #references: (number | undefined)[]
  /** Begin of a reference that is being computed. */
  #since: { readonly network: number; readonly at: number } | undefined
  #network = 0

  constructor(plan: WorkPlan) {
    this.#plan = plan
    this.#references = plan.macs.map(() => undefined)
    this.#work = plan.macs.map(
      () =>
        new Map(
          plan.lanes.map((lane) => [
            lane,
            { starts: 0, startMs: 0, firstMs: 0, turns: 0, turnMs: 0, isOver: false },
          ]),
        ),
    )
  }

  /** The reference of the next network begins. */
  referenceBegins(network: number, now: number): void {
    this.#network = network
    this.#since = { network, at: now }
  }

  referenceEnds(now: number): void {
    if (!this.#since) return
    this.#references[this.#since.network] = now - this.#since.at
    this.#since = undefined
  }

  started(lane: string, ms: number, firstMs: number): void {
    const work = this.#of(lane)
    if (!work) return
    work.starts++
    work.startMs += ms
    work.firstMs = firstMs
  }

  turned(lane: string, ms: number): void {
    const work = this.#of(lane)
    if (!work) return
    work.turns++
    work.turnMs += ms
  }

  /** Nothing more comes of this lane on this network, or of any on it. */
  ended(lane?: string): void {
    for (const [name, work] of this.#work[this.#network] ?? [])
      if (lane === undefined || name === lane) work.isOver = true
    if (lane === undefined) this.#references[this.#network] ??= 0
  }

  /** Milliseconds that are left, as far as one can tell. */
  left(now: number): number {
    return this.#plan.macs.reduce(
      (sum, _, network) => sum + this.#referenceLeft(network, now) + this.#runsLeft(network),
      0,
    )
  }

  /** 0 to 1. */
  fraction(now: number): number {
    const done =
      this.#references.reduce<number>((sum, ms) => sum + (ms ?? 0), 0) +
      (this.#since ? now - this.#since.at : 0) +
      this.#work
        .flatMap((lanes) => [...lanes.values()])
        .reduce((sum, { startMs, turnMs }) => sum + startMs + turnMs, 0)
    const left = this.left(now)
    return done + left === 0 ? 0 : done / (done + left)
  }

  #of(lane: string): Work | undefined {
    return this.#work[this.#network]?.get(lane)
  }

  #referenceLeft(network: number, now: number): number {
    if (this.#references[network] !== undefined) return 0
    const measured = this.#references.flatMap((ms, index) =>
      ms === undefined || ms < 100 ? [] : [ms / referenceWork(this.#plan.macs[index] as number)],
    )
    const rate = measured.length > 0 ? mean(measured) : guess.referenceOfMac
    const whole = rate * referenceWork(this.#plan.macs[network] as number)
    return this.#since?.network === network ? Math.max(0, whole - (now - this.#since.at)) : whole
  }

  #runsLeft(network: number): number {
    const { protocol } = this.#plan
    let sum = 0
    for (const [lane, work] of this.#work[network] ?? []) {
      if (work.isOver) continue
      const start = work.starts > 0 ? work.startMs / work.starts : this.#startMs()
      const turn = work.turns > 0 ? work.turnMs / work.turns : this.#turnMs(network, lane)
      sum +=
        Math.max(0, protocol.starts - work.starts) * start + Math.max(0, protocol.rounds - work.turns) * turn
    }
    return sum
  }

  #startMs(): number {
    const all = this.#work.flatMap((lanes) => [...lanes.values()]).filter(({ starts }) => starts > 0)
    return all.length > 0 ? mean(all.map(({ starts, startMs }) => startMs / starts)) : guess.start
  }

  /** A turn of a lane that has had none on this network: from its first run, or from its turns on others. */
  #turnMs(network: number, lane: string): number {
    const { protocol, macs } = this.#plan
    const runs = protocol.settle + protocol.runsPerTurn
    const firstMs = this.#work[network]?.get(lane)?.firstMs ?? 0
    if (firstMs > 0) return runs * firstMs + guess.rest
    const elsewhere = this.#work.flatMap((lanes, index) => {
      const other = lanes.get(lane)
      return other && other.turns > 0 ? [other.turnMs / other.turns / (macs[index] as number)] : []
    })
    const one = macs[network] as number
    return elsewhere.length > 0 ? mean(elsewhere) * one : runs * guess.runOfMac * one + guess.rest
  }
}

/** The reference itself computes no larger networks: see `network-worker.ts`. */
function referenceWork(macs: number): number {
  return Math.min(macs, 1e9)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
