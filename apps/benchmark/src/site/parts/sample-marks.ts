import type { Protocol } from '@mobileone/measure'

/** One timed run. */
export interface Mark {
  readonly ms: number
  /** Its turn, and its place in it; both from 1. */
  readonly turn: number
  readonly run: number
  /** Left out of the mean of its turn, as one of its fastest or slowest. */
  readonly isTrimmed: boolean
}

/** The samples of one result, which are whole turns one after the other, with those that the protocol leaves out. */
export function sampleMarks(
  samples: readonly number[],
  { runsPerTurn, trim }: Pick<Protocol, 'runsPerTurn' | 'trim'>,
): Mark[] {
  const marks: Mark[] = []
  for (let start = 0; start < samples.length; start += runsPerTurn) {
    const turn = samples.slice(start, start + runsPerTurn)
    const cut = Math.min(trim, Math.floor((turn.length - 1) / 2))
    const order = turn.map((_, index) => index).sort((a, b) => (turn[a] as number) - (turn[b] as number))
    const left = new Set([...order.slice(0, cut), ...order.slice(turn.length - cut)])
    turn.forEach((ms, index) => {
      marks.push({ ms, turn: start / runsPerTurn + 1, run: index + 1, isTrimmed: cut > 0 && left.has(index) })
    })
  }
  return marks
}

/** From 0 to a round number that leaves only far outliers beyond it. */
export function timeScale(
  results: readonly { readonly p95Ms: number | null; readonly medianMs: number | null }[],
  ticks: number,
): { readonly end: number; readonly ticks: readonly number[] } {
  const reach = Math.max(
    1e-3,
    ...results.map(({ p95Ms, medianMs }) => Math.min(p95Ms ?? 0, 3 * (medianMs ?? 0))),
  )
  const raw = (reach * 1.1) / ticks
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw) ?? raw
  const count = Math.ceil((reach * 1.1) / step)
  return {
    end: count * step,
    ticks: Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(6))),
  }
}
