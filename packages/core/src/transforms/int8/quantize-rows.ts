import { laneLimit, largestLane, largestLevel } from '../../model/integer-weight.ts'

/** How the rows of a weight are rounded. */
export interface RowOptions {
  /** Choose steps with which the four weights k, k+1, k+4, k+5 of each eight (and k+2, k+3, k+6, k+7) come to at most 258. */
  readonly limitLanes: boolean
}

/** Rows of `size` elements in steps of their own, from -127 to 127, symmetric: the step is the largest magnitude over 127, or larger. */
export function quantizeRows(
  values: Float64Array,
  size: number,
  { limitLanes }: RowOptions,
): { readonly data: Int8Array; readonly scales: Float32Array } {
  const data = new Int8Array(values.length)
  const scales = new Float32Array(values.length / size)
  for (let row = 0; row < scales.length; row++) {
    const given = values.subarray(row * size, (row + 1) * size)
    const levels = data.subarray(row * size, (row + 1) * size)
    let step = usableStep(given.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / largestLevel)
    for (;;) {
      roundRow(given, step, levels)
      const lane = limitLanes ? largestLane(levels) : 0
      if (lane <= laneLimit) break
      step = usableStep(step * Math.max(1.002, (lane / laneLimit) * 0.999))
    }
    scales[row] = step
  }
  return { data, scales }
}

/** A float32 by which one can divide: of a row of zeros 1. */
function usableStep(step: number): number {
  return Math.fround(step) >= 2 ** -126 ? Math.fround(step) : 1
}

function roundRow(given: Float64Array, step: number, levels: Int8Array): void {
  for (let index = 0; index < given.length; index++) {
    const level = Math.round((given[index] as number) / step)
    levels[index] = Math.max(-largestLevel, Math.min(largestLevel, level))
  }
}
