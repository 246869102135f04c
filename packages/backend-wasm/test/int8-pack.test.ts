import { laneLimit, type QuantizedTensor, random } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import * as abi from '../src/abi.ts'
import { blocksOf, fitsLanes, packInt8Panels, packInt8Vector } from '../src/int8-pack.ts'

const source = random(7)

/** Random levels that begin `shift` bytes into a buffer, as those of a file do. */
function weight(outputs: number, k: number, shift: number): QuantizedTensor {
  const data = new Int8Array(new ArrayBuffer(shift + outputs * k), shift)
  for (let i = 0; i < data.length; i++) data[i] = source.integer(-127, 127)
  const scales = Float32Array.from({ length: outputs }, () => 1 + source.integer(0, 99) / 128)
  return { dtype: 'int8', shape: [outputs, k, 1, 1], data, scales }
}

const cases = [8, 12, 5, 20].flatMap((outputs) =>
  [1, 3, 4, 16, 18, 37, 64].flatMap((k) => [0, 1, 2].map((shift) => [outputs, k, shift] as const)),
)

describe('what the layouts say', () => {
  test.each(cases)('panels of %i outputs and %i inputs, %i bytes into a buffer', (outputs, k, shift) => {
    const given = weight(outputs, k, shift)
    for (const bytes of [1, 2] as const) {
      const packed = packInt8Panels(given, undefined, bytes)
      const to = new Float32Array(packed.floats)
      packed.fill(to)
      const levels = bytes === 1 ? new Int8Array(to.buffer) : new Int16Array(to.buffer)
      const panel = abi.PANEL_HEAD + 128 * blocksOf(k, bytes)
      const together = 4 / bytes
      for (let output = 0; output < outputs; output++) {
        const lane = output & 7
        expect(to[((output >> 3) * panel) / 4 + lane]).toBe(given.scales[output])
        const start = ((output >> 3) * panel + abi.PANEL_HEAD) / bytes + lane * together
        const found = Array.from(
          { length: k },
          (_, i) => levels[start + Math.floor(i / together) * 8 * together + (i % together)],
        )
        expect(found).toEqual([...given.data.subarray(output * k, (output + 1) * k)])
      }
    }
  })

  test.each(cases)('a vector of %i outputs and %i inputs, %i bytes into a buffer', (outputs, k, shift) => {
    const given = weight(outputs, k, shift)
    const packed = packInt8Vector(given, undefined)
    const to = new Float32Array(packed.floats)
    packed.fill(to)
    const levels = new Int8Array(to.buffer)
    const panel = abi.VECTOR_HEAD + 8 * (k + (k & 1))
    for (let output = 0; output < outputs; output++) {
      expect(to[((output >> 3) * panel) / 4 + (output & 7)]).toBe(given.scales[output])
      const start = (output >> 3) * panel + abi.VECTOR_HEAD + (output & 7)
      const found = Array.from({ length: k }, (_, i) => levels[start + 8 * i])
      expect(found).toEqual([...given.data.subarray(output * k, (output + 1) * k)])
    }
  })
})

/** Of eights, the largest sum of magnitudes of a lane. */
function largestSum(data: Int8Array): number {
  const sum = (start: number): number =>
    [0, 1, 4, 5].reduce((total, offset) => total + Math.abs(data[start + offset]!), 0)
  const starts = Array.from({ length: data.length / 8 }, (_, eight) => 8 * eight)
  return Math.max(...starts.flatMap((start) => [sum(start), sum(start + 2)]))
}

describe('rows that fit the lanes of rdot16x2', () => {
  test('are those whose largest lane is within the limit', () => {
    const seen = new Set<boolean>()
    for (let round = 0; round < 3000; round++) {
      const given = weight(1 + (round % 3), 8 * source.integer(1, 3), round % 3)
      const most = source.integer(50, 127)
      for (let i = 0; i < given.data.length; i++) {
        given.data[i] = source.integer(0, 19) === 0 ? -128 : source.integer(-most, most)
      }
      const fits = fitsLanes(given)
      expect(fits).toBe(largestSum(given.data) <= laneLimit)
      seen.add(fits)
    }
    expect(seen.size).toBe(2)
  })

  test.each([0, 1, 2, 3, 4, 5, 6, 7])(
    'are told at the limit and one above, element %i of eight',
    (element) => {
      const lane = element & 2 ? [2, 3, 6, 7] : [0, 1, 4, 5]
      for (const [sum, fits] of [
        [laneLimit, true],
        [laneLimit + 1, false],
      ] as const) {
        const given = weight(1, 16, 0)
        given.data.fill(0)
        const rest = lane.filter((other) => other !== element)
        given.data[8 + rest[0]!] = -128
        given.data[8 + rest[1]!] = sum - 128 - 100
        given.data[8 + element] = -100
        expect(fitsLanes(given)).toBe(fits)
      }
    },
  )
})
