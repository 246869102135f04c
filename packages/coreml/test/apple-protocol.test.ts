import { isMobileOneError, random, type Tensor, tensor } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { decodeReply, encodeTensors, FrameReader, kinds } from '../src/apple/protocol.ts'

const tensors: readonly (readonly [string, Tensor])[] = [
  ['größe', tensor([2, 1, 3], Float32Array.of(1, -2, 3.5, 0, Number.NaN, Number.POSITIVE_INFINITY))],
  ['logits', tensor([1, 1], Float32Array.of(7))],
]

describe('frames', () => {
  const frame = encodeTensors(kinds.outputs, tensors)

  test('a frame is its length, its kind and its tensors, little-endian', () => {
    const small = encodeTensors(kinds.run, [['ab', tensor([1, 2], Float32Array.of(1, 2))]])
    // biome-ignore format: as the bytes lie
    expect([...small]).toEqual([
      26, 0, 0, 0, 1, 1, 0, 0, 0, 2, 0, 97, 98, 2, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 64,
    ])
  })

  test('tensors come back, whatever the pieces in which they arrive', () => {
    const source = random(4)
    const bytes = new Uint8Array(frame.length * 3)
    for (let copy = 0; copy < 3; copy++) bytes.set(frame, copy * frame.length)
    for (let round = 0; round < 200; round++) {
      const reader = new FrameReader(1000)
      const payloads: Uint8Array[] = []
      for (let at = 0; at < bytes.length; ) {
        const end = at + source.integer(1, round % 2 === 0 ? 7 : 90)
        payloads.push(...reader.push(bytes.slice(at, end)))
        at = end
      }
      expect(payloads).toHaveLength(3)
      for (const payload of payloads) {
        const reply = decodeReply(payload)
        expect(reply.kind === 'outputs' && [...reply.tensors]).toEqual(tensors)
      }
    }
  })

  test('a frame beyond the limit is refused before it arrives', () => {
    expect(() => new FrameReader(100).push(Uint8Array.of(101, 0, 0, 0))).toThrow(/says it has 101 bytes/)
    expect(() => new FrameReader(100).push(Uint8Array.of(0, 0, 0, 0))).toThrow(/says it has 0 bytes/)
  })

  test('5,000 damaged replies: tensors, or an error of ours', () => {
    const source = random(9)
    let refused = 0
    for (let index = 0; index < 5000; index++) {
      const payload = frame.slice(4, source.next() < 0.3 ? source.integer(4, frame.length) : frame.length)
      for (let edits = source.integer(0, 3); edits > 0 && payload.length > 0; edits--)
        payload[source.integer(0, Math.min(payload.length - 1, 40))] = [0, 1, 2, 127, 255][
          source.integer(0, 4)
        ] as number
      try {
        decodeReply(payload)
      } catch (error) {
        expect(isMobileOneError(error) && error.code, `case ${index}: ${String(error)}`).toBe('device-lost')
        refused++
      }
    }
    expect(refused).toBeGreaterThan(2000)
  })
})
