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

const lanes = [0, 2].map((first) => [0, 1, 4, 5, 8, 9, 12, 13].map((each) => first + each))

/** Of sixteens, the largest sum of what is positive or of what is negative in a lane. */
function largestSum(data: Int8Array): number {
  const starts = Array.from({ length: data.length / 16 }, (_, sixteen) => 16 * sixteen)
  const sums = starts.flatMap((start) =>
    lanes.flatMap((lane) =>
      [1, -1].map((sign) => lane.reduce((sum, at) => sum + Math.max(0, sign * data[start + at]!), 0)),
    ),
  )
  return Math.max(...sums)
}

describe('rows that fit the lanes of rdot16x4', () => {
  test('are those whose largest lane is within the limit', () => {
    const seen = new Set<boolean>()
    for (let round = 0; round < 3000; round++) {
      const given = weight(1 + (round % 3), 16 * source.integer(1, 3), round % 3)
      const most = source.integer(30, 100)
      for (let i = 0; i < given.data.length; i++) {
        given.data[i] = source.integer(0, 39) === 0 ? -128 : source.integer(-most, most)
      }
      const fits = fitsLanes(given)
      expect(fits).toBe(largestSum(given.data) <= laneLimit)
      seen.add(fits)
    }
    expect(seen.size).toBe(2)
  })

  test.each([...lanes.flat()].sort((a, b) => a - b))(
    'are told at the limit and one above, element %i of sixteen',
    (element) => {
      const rest = lanes.find((lane) => lane.includes(element))!.filter((other) => other !== element)
      for (const sign of [1, -1]) {
        for (const [sum, fits] of [
          [laneLimit, true],
          [laneLimit + 1, false],
        ] as const) {
          const given = weight(1, 32, 0)
          given.data.fill(0)
          // Of the other sign, they do not count.
          for (const other of rest.slice(2)) given.data[16 + other] = -51 * sign
          given.data[16 + rest[0]!] = 127 * sign
          given.data[16 + rest[1]!] = (sum - 127 - 100) * sign
          given.data[16 + element] = 100 * sign
          expect(fitsLanes(given)).toBe(fits)
        }
      }
    },
  )
})
