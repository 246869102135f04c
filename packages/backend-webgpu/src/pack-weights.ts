import { quads } from './wgsl.ts'

/** How weights [outputs][depth][taps] become rows of vectors along the outputs. */
export interface Packing {
  readonly outputs: number
  /** Input channels of a group. */
  readonly depth: number
  /** Kernel height x width. */
  readonly taps: number
  readonly rows: number
  /** Element (o, i, t) goes to row i * `inputStride` + t * `tapStride`, column o. */
  readonly inputStride: number
  readonly tapStride: number
}

/** Write `weight` over zeros as `packing` says. */
export function packWeights(
  to: Float32Array,
  weight: Float32Array,
  { outputs, depth, taps, inputStride, tapStride }: Omit<Packing, 'rows'>,
): void {
  const columns = quads(outputs) * 4
  let from = 0
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < depth; i++) {
      for (let t = 0; t < taps; t++) to[(i * inputStride + t * tapStride) * columns + o] = weight[from++]!
    }
  }
}
