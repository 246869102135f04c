/** int8 weights as the kernels read them: the layouts are described in assembly/gemm-int8.ts and assembly/gemv-int8.ts. */
import { diagonalSteps, inverseSteps, laneLimit, largestLane, type QuantizedTensor } from '@mobileone/core'
import * as abi from './abi.ts'
import { padChannels } from './choose.ts'
import { type Constant, constant } from './program.ts'

/** True where eight products of `rdot16x4` fit into a lane of i16 in every row, whatever the levels. */
export function fitsLanes({ shape, data }: QuantizedTensor): boolean {
  const k = data.length / shape[0]!
  // Groups of sixteen then lie within rows.
  if (k % 16 === 0) return largestLane(data) <= laneLimit
  for (let row = 0; row < data.length; row += k) {
    if (largestLane(data.subarray(row, row + k)) > laneLimit) return false
  }
  return true
}

/** Blocks of 16 bytes of a pixel with `k` levels of `bytes` each. */
export function blocksOf(k: number, bytes: 1 | 2): number {
  return Math.ceil((k * bytes) / 16)
}

/** Panels of a convolution in int8; `bytes`: those of a weight. */
export function packInt8Panels(
  weight: QuantizedTensor,
  bias: Float32Array | undefined,
  bytes: 1 | 2,
): Constant {
  const { shape, data, scales } = weight
  const [outputs, k] = shape as [number, number]
  const panelBytes = abi.PANEL_HEAD + 128 * blocksOf(k, bytes)
  const diagonal = diagonalSteps(weight)
  return constant((padChannels(outputs) / 8) * (panelBytes / 4), (to) => {
    const { buffer, byteOffset, byteLength } = to
    const weights =
      bytes === 1
        ? new Int8Array(buffer, byteOffset, byteLength)
        : new Int16Array(buffer, byteOffset, byteLength / 2)
    const words = new Int32Array(buffer, byteOffset, byteLength / 4)
    const fours = bytes === 1 && k % 4 === 0 ? inFours(data) : undefined
    const together = 4 / bytes
    for (let output = 0; output < outputs; output++) {
      const lane = output & 7
      const head = ((output >> 3) * panelBytes) / 4 + lane
      to[head] = scales[output]!
      to[head + 8] = bias?.[output] ?? 0
      to[head + 16] = diagonal?.[output] ?? 0
      const start = ((output >> 3) * panelBytes + abi.PANEL_HEAD) / 4 + lane
      if (fours) {
        const end = ((output + 1) * k) / 4
        for (let from = (output * k) / 4, at = start; from < end; from++, at += 8) words[at] = fours[from]!
        continue
      }
      for (let i = 0, at = start * together; i < k; i += together, at += 8 * together) {
        for (let j = 0; j < together && i + j < k; j++) weights[at + j] = data[output * k + i + j]!
      }
    }
  })
}

/** The same elements, four to a word. */
function inFours(data: Int8Array): Int32Array {
  const { buffer, byteOffset, length } = data.byteOffset % 4 === 0 ? data : data.slice()
  return new Int32Array(buffer, byteOffset, length / 4)
}

/** What each of the channels that a convolution in int8 reads is multiplied by; 0 for the padding. */
export function packInverse(weight: QuantizedTensor): Constant {
  const inverse = inverseSteps(weight)
  return constant(padChannels(inverse.length), (to) => to.set(inverse))
}

/** Panels of 8 outputs of the product of a vector with weights that are int8 alone. */
export function packInt8Vector(
  { shape, data, scales }: QuantizedTensor,
  bias: Float32Array | undefined,
): Constant {
  const [outputs, k] = shape as [number, number]
  const panelBytes = abi.VECTOR_HEAD + 8 * (k + (k & 1))
  return constant((padChannels(outputs) / 8) * (panelBytes / 4), (to) => {
    const weights = new Int8Array(to.buffer, to.byteOffset, to.byteLength)
    const words = new Int32Array(to.buffer, to.byteOffset, to.byteLength / 4)
    const fours = k % 4 === 0 ? inFours(data) : undefined
    for (let output = 0; output < outputs; output++) {
      const head = ((output >> 3) * panelBytes) / 4 + (output & 7)
      to[head] = scales[output]!
      to[head + 8] = bias?.[output] ?? 0
    }
    for (let output = 0; output < outputs; ) {
      const at = (output >> 3) * panelBytes + abi.VECTOR_HEAD + (output & 7)
      if (fours && output % 4 === 0 && output + 4 <= outputs) {
        transposeFours(fours, (output * k) / 4, k / 4, words, at / 4)
        output += 4
      } else {
        for (let i = 0; i < k; i++) weights[at + 8 * i] = data[output * k + i]!
        output++
      }
    }
  })
}

/** Four rows of `count` words of four bytes to columns: every second word from `at` gets one byte of each row. */
function transposeFours(from: Int32Array, start: number, count: number, to: Int32Array, at: number): void {
  for (let i = start; i < start + count; i++, at += 8) {
    const a = from[i]!
    const b = from[i + count]!
    const c = from[i + 2 * count]!
    const d = from[i + 3 * count]!
    to[at] = (a & 0xff) | ((b & 0xff) << 8) | ((c & 0xff) << 16) | (d << 24)
    to[at + 2] = ((a >> 8) & 0xff) | (b & 0xff00) | ((c & 0xff00) << 8) | ((d & 0xff00) << 16)
    to[at + 4] = ((a >> 16) & 0xff) | ((b >> 8) & 0xff00) | (c & 0xff0000) | ((d & 0xff0000) << 8)
    to[at + 6] = (a >>> 24) | ((b >> 16) & 0xff00) | ((c >> 8) & 0xff0000) | (d & -0x1000000)
  }
}
