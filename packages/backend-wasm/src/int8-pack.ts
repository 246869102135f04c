/** int8 weights as the kernels read them: the layouts are described in assembly/gemm-int8.ts and assembly/gemv-int8.ts. */
import { diagonalSteps, inverseSteps, laneLimit, largestLane, type QuantizedTensor } from '@mobileone/core'
import * as abi from './abi.ts'
import { padChannels } from './choose.ts'
import { type Constant, constant } from './program.ts'

/** True where four products of `rdot16x2` fit into a lane of i16 in every row, whatever the levels. */
export function fitsLanes({ shape, data }: QuantizedTensor): boolean {
  const k = data.length / shape[0]!
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
    const together = 4 / bytes
    for (let output = 0; output < outputs; output++) {
      const lane = output & 7
      const head = ((output >> 3) * panelBytes) / 4 + lane
      to[head] = scales[output]!
      to[head + 8] = bias?.[output] ?? 0
      to[head + 16] = diagonal?.[output] ?? 0
      const start = ((output >> 3) * panelBytes + abi.PANEL_HEAD) / bytes + lane * together
      for (let i = 0, from = output * k; i < k; i++) {
        weights[start + Math.floor(i / together) * 8 * together + (i % together)] = data[from++]!
      }
    }
  })
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
    for (let output = 0; output < outputs; output++) {
      const panel = (output >> 3) * panelBytes
      const lane = output & 7
      to[panel / 4 + lane] = scales[output]!
      to[panel / 4 + 8 + lane] = bias?.[output] ?? 0
      let at = panel + abi.VECTOR_HEAD + lane
      for (let i = 0; i < k; i++, at += 8) weights[at] = data[output * k + i]!
    }
  })
}
