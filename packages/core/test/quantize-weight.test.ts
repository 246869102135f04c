import { describe, expect, test } from 'vitest'
import { quantizeWeight, random, tensor } from '../src/index.ts'

/** The errors of one channel, in levels. */
function errorsOf(row: readonly number[]): { readonly errors: readonly number[]; readonly step: number } {
  const { data, zeroPoints, scales } = quantizeWeight(tensor([1, row.length], Float32Array.from(row)))
  const step = scales[0] as number
  const errors = row.map(
    (value, index) => Math.fround(value) / step - ((data[index] as number) - (zeroPoints?.[0] as number)),
  )
  return { errors, step }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

describe('int8', () => {
  test.each([1, 2, 3, 7, 64, 1000])('channels of %i weights of any kind', (length) => {
    const source = random(length)
    for (let round = 0; round < 200; round++) {
      const [size, shift] = [10 ** source.integer(-3, 3), source.integer(-2, 2)]
      const row = Array.from({ length }, () => size * (source.normal() + shift))
      const { errors, step } = errorsOf(row)
      const range = Math.max(0, ...row) - Math.min(0, ...row)
      const context = `length ${length}, round ${round}`
      // The step is rounded to float16: by 2^-11 of it, and by 2^-25 near zero.
      expect(Math.abs(step - range / 255), context).toBeLessThanOrEqual(step * 2 ** -10 + 2 ** -24)
      expect(Math.max(...errors.map(Math.abs)), context).toBeLessThan(1.01)
      expect(Math.abs(sum(errors)), context).toBeLessThanOrEqual(1.01)
      if (length >= 64) expect(Math.abs(sum(errors)), context).toBeLessThanOrEqual(0.5 + 1e-6)
    }
  })

  test('errors of one sign are shared out, the nearest to the middle first', () => {
    const row = [0, 255, 10.2, 20.4, 30.3, 40.4, 50.2]
    const { data, zeroPoints } = quantizeWeight(tensor([1, 7], Float32Array.from(row)))
    const levels = Array.from(data, (level) => level - (zeroPoints?.[0] as number))
    expect(levels).toEqual([0, 255, 10, 21, 30, 41, 50])
  })

  test('zeros, and weights too small for any step', () => {
    expect(errorsOf([0, 0, 0]).step).toBe(1)
    const { errors, step } = errorsOf([1e-9, -1e-9, 5e-10])
    expect(step).toBe(2 ** -24)
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(1)
  })

  test('channels apart', () => {
    const { scales, zeroPoints, data } = quantizeWeight(tensor([2, 2], Float32Array.of(0, 255, -510, 0)))
    expect(Array.from(scales)).toEqual([1, 2])
    expect(Array.from(zeroPoints ?? [])).toEqual([-128, 127])
    expect(Array.from(data)).toEqual([-128, 127, -128, 127])
  })
})
