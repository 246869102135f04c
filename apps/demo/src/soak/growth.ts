import type { Footprint } from './browser-memory.ts'

/** How much more than at the beginning may be held at the end: caches fill, and garbage comes and goes. */
const allowed: Readonly<Record<keyof Footprint, { readonly share: number; readonly amount: number }>> = {
  processBytes: { share: 0.05, amount: 30e6 },
  heapBytes: { share: 0.05, amount: 1e6 },
  nodes: { share: 0.05, amount: 200 },
  listeners: { share: 0.05, amount: 50 },
  workers: { share: 0, amount: 0 },
}

/** One thing that grew, and how. */
export interface Growth {
  readonly what: keyof Footprint
  readonly from: number
  readonly to: number
}

/**
 * What grew between the first and the last third of `footprints`, medians of both, by more than is allowed. The first footprint is left
 * out: whatever is loaded once is loaded before the second.
 */
export function growthOf(footprints: readonly Footprint[]): Growth[] {
  const settled = footprints.slice(1)
  const third = Math.max(1, Math.floor(settled.length / 3))
  return (Object.keys(allowed) as (keyof Footprint)[]).flatMap((what) => {
    const from = median(settled.slice(0, third).map((footprint) => footprint[what]))
    const to = median(settled.slice(-third).map((footprint) => footprint[what]))
    if (from === undefined || to === undefined) return []
    const { share, amount } = allowed[what]
    return to - from > Math.max(share * from, amount) ? [{ what, from, to }] : []
  })
}

function median(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  return known[Math.floor(known.length / 2)]
}
