import { quads } from './wgsl.ts'

export interface WeightShape {
  readonly outputs: number
  /** Input channels of a group. */
  readonly depth: number
  /** Kernel height x width. */
  readonly taps: number
}

/**
 * Write weights [outputs][depth][taps] into zeros as vectors along the outputs: element (i, t, o) goes to row
 * i * `inputStride` + t * `tapStride`, column o.
 */
export function packWeights(
  to: Float32Array,
  weight: Float32Array,
  { outputs, depth, taps }: WeightShape,
  inputStride: number,
  tapStride: number,
): void {
  const columns = quads(outputs) * 4
  let from = 0
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < depth; i++) {
      for (let t = 0; t < taps; t++) to[(i * inputStride + t * tapStride) * columns + o] = weight[from++]!
    }
  }
}

const float = new Float32Array(1)
const word = new Uint32Array(float.buffer)

/** The bits of `value` as IEEE 754 binary16, to nearest even; beyond 65504 infinity. */
export function toHalf(value: number): number {
  float[0] = value
  const bits = word[0]!
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  if (magnitude >= 0x38800000) {
    const rebased = magnitude - 0x38000000
    return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13)
  }
  // Halves below 2^-14 are multiples of 2^-24; adding 0.5 lets float32 round to such a multiple.
  float[0] = Math.abs(value) + 0.5
  return sign | (word[0]! - 0x3f000000)
}
