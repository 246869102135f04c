import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cosineSimilarity, sigmoid, softmax, topK } from '../src/index.ts'

const finite = fc.double({ min: -50, max: 50, noNaN: true })
const logits = fc.array(finite, { minLength: 1, maxLength: 60 })

describe('softmax', () => {
  test('known values', () => {
    // Python: math.exp(1) / (math.exp(1) + math.exp(2) + math.exp(3)) and so on.
    const expected = [0.09003057317038046, 0.24472847105479767, 0.6652409557748219]
    for (const [i, value] of softmax([1, 2, 3]).entries()) expect(value).toBeCloseTo(expected[i]!, 7)
  })
  test('sums to 1, keeps the order, ignores a shift', () => {
    fc.assert(
      fc.property(logits, finite, (values, shift) => {
        const result = softmax(values)
        expect(result.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5)
        const shifted = softmax(values.map((value) => value + shift))
        for (const [i, value] of result.entries()) expect(shifted[i]).toBeCloseTo(value, 6)
        const best = values.indexOf(Math.max(...values))
        expect(result[best]).toBe(Math.max(...result))
      }),
    )
  })
  test('large logits do not overflow, -Infinity is a class that cannot be', () => {
    expect([...softmax([1e4, 1e4 - 1000, Number.NEGATIVE_INFINITY])]).toEqual([1, 0, 0])
  })
  test('NaN, +Infinity, nothing at all, and nothing but -Infinity are refused', () => {
    expect(() => softmax([0, Number.NaN])).toThrow(/class 1 is NaN/)
    expect(() => softmax([Number.POSITIVE_INFINITY])).toThrow(/overflowed/)
    expect(() => softmax([])).toThrow(/no logits/)
    expect(() => softmax([Number.NEGATIVE_INFINITY])).toThrow(/largest logit is -Infinity/)
  })
})

test('sigmoid', () => {
  expect([...sigmoid([0, 1000, -1000])]).toEqual([0.5, 1, 0])
})

describe('topK', () => {
  test('is the head of a stable descending sort, ties included', () => {
    const scores = fc.array(fc.integer({ min: -4, max: 4 }), { maxLength: 80 })
    fc.assert(
      fc.property(scores, fc.integer({ min: 1, max: 100 }), (values, k) => {
        const sorted = values
          .map((score, index) => ({ index, score }))
          .sort((a, b) => b.score - a.score || a.index - b.index)
        expect(topK(values, k)).toEqual(sorted.slice(0, k))
        expect(topK(values, Number.POSITIVE_INFINITY)).toEqual(sorted)
      }),
      { numRuns: 1000 },
    )
  })
  test('NaN anywhere and a k that counts nothing are refused', () => {
    expect(() => topK([1, 2, Number.NaN], 1)).toThrow(/class 2 is NaN/)
    for (const k of [0, -1, 1.5, Number.NaN])
      expect(() => topK([1], k)).toThrow(/positive integer or Infinity/)
  })
})

describe('cosineSimilarity', () => {
  test('1 with itself whatever the scale, -1 with its opposite, 0 across, symmetric', () => {
    const vectors = fc
      .array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 20 })
      .filter((v) => v.some((x) => Math.abs(x) > 1e-3))
    fc.assert(
      fc.property(vectors, fc.double({ min: 0.01, max: 100, noNaN: true }), (v, scale) => {
        const scaled = v.map((x) => x * scale)
        expect(cosineSimilarity(v, scaled)).toBeCloseTo(1, 9)
        expect(
          cosineSimilarity(
            v,
            scaled.map((x) => -x),
          ),
        ).toBeCloseTo(-1, 9)
        expect(cosineSimilarity(scaled, v)).toBe(cosineSimilarity(v, scaled))
      }),
    )
    expect(cosineSimilarity([1, 0], [0, 2])).toBe(0)
  })
  test('different lengths, empty, zero and NaN vectors are refused', () => {
    expect(() => cosineSimilarity([1], [1, 2])).toThrow(/1 and 2 elements/)
    expect(() => cosineSimilarity([], [])).toThrow(/0 and 0 elements/)
    expect(() => cosineSimilarity([0, 0], [1, 2])).toThrow(/zero or not finite/)
    expect(() => cosineSimilarity([Number.NaN, 0], [1, 2])).toThrow(/zero or not finite/)
  })
})
