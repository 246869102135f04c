import { describe, expect, it } from 'vitest'
import { random } from '../src/index.ts'
import { roundCompensated } from '../src/transforms/int8/compensated-rounding.ts'
import { SecondMoments } from '../src/transforms/int8/second-moments.ts'

const pace = async (): Promise<void> => {}
const none = (): undefined => undefined

/** Moments of inputs that mix a few sources, and inputs of the same kind that were not seen. */
function mixtures(size: number, sources: number, count: number) {
  const source = random(5)
  const mix = Float64Array.from({ length: size * sources }, () => source.normal())
  const patch = (): Float32Array => {
    const parts = Array.from({ length: sources }, () => source.normal())
    return Float32Array.from({ length: size }, (_, at) =>
      Math.max(
        0,
        parts.reduce((sum, part, from) => sum + part * mix[at * sources + from]!, 0.1 * source.normal()),
      ),
    )
  }
  const moments = SecondMoments.of(size)!
  for (let index = 0; index < count; index++) moments.add(patch())
  return { moments, others: Array.from({ length: 200 }, patch) }
}

/** Mean square of what rounding adds to the results, their mean over `patches` left out. */
function noise(errors: Float64Array, size: number, patches: readonly Float32Array[]): number {
  let sum = 0
  for (let start = 0; start < errors.length; start += size) {
    const added = patches.map((patch) =>
      patch.reduce((total, value, at) => total + value * errors[start + at]!, 0),
    )
    const mean = added.reduce((total, value) => total + value, 0) / added.length
    sum += added.reduce((total, value) => total + (value - mean) ** 2, 0) / added.length
  }
  return sum
}

describe('second moments', () => {
  it('give the covariance of what they took in', () => {
    const moments = SecondMoments.of(2)!
    for (const [a, b] of [
      [1, 2],
      [3, 6],
      [5, 1],
    ]) {
      moments.add(Float32Array.of(a!, b!))
    }
    const [first, , both, second] = moments.covariance()
    expect(moments.count).toBe(3)
    expect(first).toBeCloseTo(8 / 3)
    expect(both).toBeCloseTo(25 / 3 - 9)
    expect(second).toBeCloseTo(41 / 3 - 9)
  })

  it('are not kept of results with too many inputs', () => {
    expect(SecondMoments.of(2048)?.size).toBe(2048)
    expect(SecondMoments.of(2049)).toBeUndefined()
  })
})

describe('compensated rounding', () => {
  const [size, rows] = [48, 20]
  const source = random(6)
  const values = Float64Array.from({ length: size * rows }, () => source.normal())
  const scales = Float32Array.from({ length: rows }, () => 0.05)
  const errorsOf = (levels: ArrayLike<number>): Float64Array =>
    values.map((value, at) => value - levels[at]! * scales[0]!)
  const nearest = Array.from(values, (value) => Math.round(value / scales[0]!) + 0)

  it('adds a third of the noise to inputs that vary together, also to those it has not seen', async () => {
    const { moments, others } = mixtures(size, 6, 2000)
    const levels = await roundCompensated(values, scales, moments, none, pace)
    expect(noise(errorsOf(levels), size, others)).toBeLessThan(noise(errorsOf(nearest), size, others) / 3)
  })

  it('is rounding to the nearest level where inputs do not vary together', async () => {
    const moments = SecondMoments.of(size)!
    for (let at = 0; at < size; at++) {
      for (const value of [1, -1])
        moments.add(Float32Array.from({ length: size }, (_, i) => (i === at ? value : 0)))
    }
    expect([...(await roundCompensated(values, scales, moments, none, pace))]).toEqual(nearest)
  })

  it('is so too where nothing was seen, or nothing varies', async () => {
    const empty = SecondMoments.of(size)!
    const constant = SecondMoments.of(size)!
    for (let index = 0; index < 4; index++) constant.add(new Float32Array(size).fill(3))
    for (const moments of [empty, constant]) {
      expect([...(await roundCompensated(values, scales, moments, none, pace))]).toEqual(nearest)
    }
  })

  it('stays within the levels, and leaves the diagonal alone', async () => {
    const { moments } = mixtures(size, 2, 50)
    const coarse = new Float32Array(rows).fill(0.001)
    const levels = await roundCompensated(values, coarse, moments, (row) => row, pace)
    expect(Math.max(...levels.map(Math.abs))).toBe(127)
    for (let row = 0; row < rows; row++) expect(levels[row * size + row]).toBe(0)
  })
})
