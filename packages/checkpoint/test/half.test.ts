import { bfloat16ToFloat32, float16ToFloat32, float32ToFloat16 } from '@mobileone/core/half'
import { describe, expect, it } from 'vitest'

/** IEEE 754 binary16 by arithmetic instead of bits. */
function naive(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 31
  const fraction = half & 1023
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

const all = Uint16Array.from({ length: 65536 }, (_, i) => i)

describe('16-bit floats', () => {
  it('reads every float16, and writes each back as it was', () => {
    const wide = float16ToFloat32(all)
    const back = float32ToFloat16(wide)
    const wrong = [...all].filter((half) => {
      const value = wide[half]!
      return !Object.is(value, naive(half)) || (!Number.isNaN(value) && back[half] !== half)
    })
    expect(wrong).toEqual([])
  })

  it('rounds to the nearest float16, ties to even', () => {
    const finite = [...float16ToFloat32(all.subarray(0, 0x7c00))]
    const [values, wanted]: [number[], number[]] = [[], []]
    for (let i = 0; i + 1 < finite.length; i++) {
      const [low, high] = [finite[i]!, finite[i + 1]!]
      const middle = (low + high) / 2
      values.push(low + (high - low) * 0.25, middle, low + (high - low) * 0.75, -middle)
      const even = i % 2 === 0 ? i : i + 1
      wanted.push(i, even, i + 1, even | 0x8000)
    }
    expect([...float32ToFloat16(Float32Array.from(values))]).toEqual(wanted)
    const edges = [65504, 65519.99, 65520, Number.POSITIVE_INFINITY, 2 ** -25, 2 ** -26, 1e-45]
    expect([...float32ToFloat16(Float32Array.from(edges))]).toEqual([0x7bff, 0x7bff, 0x7c00, 0x7c00, 0, 0, 0])
    expect(float32ToFloat16(Float32Array.of(Number.NaN))[0]).toBe(0x7e00)
  })

  it('reads bfloat16 as the top half of float32', () => {
    const wide = new Uint32Array(bfloat16ToFloat32(all).buffer)
    expect([...all].filter((half) => wide[half] !== half * 65536)).toEqual([])
  })
})
