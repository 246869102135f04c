import { random } from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import { growthOf } from '../src/growth.ts'

const allowed = { bytes: { share: 0.02, amount: 1000 } }
const samples = (bytes: (index: number) => number, count = 30) =>
  Array.from({ length: count }, (_, index) => ({ bytes: bytes(index) }))

describe('growth', () => {
  it('is a line that rises by more than is allowed', () => {
    expect(
      growthOf(
        samples((index) => 50_000 + 100 * index),
        allowed,
      ),
    ).toEqual([{ what: 'bytes', from: 51_000, to: 52_900 }])
    expect(
      growthOf(
        samples((index) => 50_000 + 50 * index),
        allowed,
      ),
    ).toEqual([])
    expect(
      growthOf(
        samples((index) => 50_000 - 500 * index),
        allowed,
      ),
    ).toEqual([])
  })

  it('is seen through noise, and not in it', () => {
    const noise = random(3)
    const wild = (index: number): number => (index % 4 === 0 ? 40_000 : 0) + noise.integer(0, 400)
    expect(
      growthOf(
        samples((index) => 50_000 + wild(index)),
        allowed,
      ),
    ).toEqual([])
    const [found] = growthOf(
      samples((index) => 50_000 + 200 * index + wild(index)),
      allowed,
    )
    expect(found?.to).toBeGreaterThan((found?.from ?? 0) + 2000)
  })

  it('does not count what is taken once, at the beginning', () => {
    expect(
      growthOf(
        samples((index) => (index < 10 ? 1000 * index : 90_000)),
        allowed,
      ),
    ).toEqual([])
  })

  it('counts one thing more where none is allowed', () => {
    const none = { bytes: { share: 0, amount: 0 } }
    expect(
      growthOf(
        samples((index) => (index < 20 ? 3 : 4)),
        none,
      ),
    ).toHaveLength(1)
    expect(
      growthOf(
        samples((index) => (index === 20 ? 4 : 3)),
        none,
      ),
    ).toEqual([])
  })

  it('is not judged where it is not known, nor from too few samples', () => {
    expect(growthOf([...samples((index) => 1000 * index), { bytes: undefined }], allowed)).toEqual([])
    expect(() =>
      growthOf(
        samples(() => 0, 3),
        allowed,
      ),
    ).toThrow('3 samples are too few')
  })
})
