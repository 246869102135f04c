import { describe, expect, it } from 'vitest'
import { mean, median, percentile, protocol, summarize, trimmed } from '../src/index.ts'

describe('statistics', () => {
  const values = [5, 1, 4, 2, 3]
  it('takes percentiles between order statistics', () => {
    expect(median(values)).toBe(3)
    expect(percentile(values, 0.95)).toBeCloseTo(4.8, 12)
    expect(percentile([7], 0.95)).toBe(7)
    expect(mean(values)).toBe(3)
  })
  it('trims both ends and keeps at least one', () => {
    expect(trimmed(values, 1)).toEqual([2, 3, 4])
    expect(trimmed(values, 9)).toEqual([3])
    expect(trimmed([2, 1], 5)).toEqual([1, 2])
  })
})

describe('protocols', () => {
  it('are what they say', () => {
    expect(protocol('modelbench')).toMatchObject({
      rounds: 20,
      runsPerTurn: 50,
      settle: 1,
      recreate: true,
      trim: 10,
    })
    expect(protocol('modelbench', { runs: 5 }).trim).toBe(1)
    const paper = protocol('paper')
    expect(paper.rounds * paper.runsPerTurn).toBe(1000)
    expect(paper.headline).toBe('minMs')
    expect(protocol('default', { runs: 7 })).toMatchObject({ rounds: 7, runsPerTurn: 1, recreate: false })
  })
  it('take means turn by turn, without the extremes', () => {
    const samples = [1, 2, 3, 100, 10, 20, 30, 1000]
    expect(summarize(samples, { runsPerTurn: 4, trim: 1 })).toEqual({
      medianMs: 15,
      p95Ms: expect.closeTo(685, 6),
      minMs: 1,
      meanMs: (2.5 + 25) / 2,
      lowMs: 2,
      highMs: 30,
    })
  })
})
