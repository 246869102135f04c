/** What the kernels of further-ops.ts read, written as they read it. */
import { elementCount, type Taps } from '@mobileone/core'
import { padChannels } from './choose.ts'
import { type Constant, constant } from './program.ts'

/** A vector for each result: two indices and their shares. One pixel is both halves of itself, so that infinity times 0 is not NaN. */
export function packTaps(taps: readonly Taps[]): Constant {
  return constant(4 * taps.length, (to) => {
    for (const [index, [first, second]] of taps.entries()) {
      const [a, b] = second ? [first!, second] : [[first![0], 0.5] as const, [first![0], 0.5] as const]
      to.set([a[0], b[0], a[1], b[1]], 4 * index)
    }
  })
}

/** A value of `shape` in groups of 8 channels of `axis`. */
export function packChannels(data: Float32Array, shape: readonly number[], axis: number): Constant {
  const [channels, inner] = [shape[axis]!, elementCount(shape.slice(axis + 1))]
  const rows = data.length / channels
  return constant(padChannels(channels) * rows, (to) => {
    for (let i = 0; i < data.length; i++) {
      const channel = Math.floor(i / inner) % channels
      const row = Math.floor(i / (inner * channels)) * inner + (i % inner)
      to[((channel >> 3) * rows + row) * 8 + (channel & 7)] = data[i]!
    }
  })
}

/** For each 8 channels 8 weights, 1 by default, and 8 biases, 0 by default. */
export function packLayerNorm(
  weight: Float32Array | undefined,
  bias: Float32Array | undefined,
  channels: number,
): Constant {
  return constant(2 * padChannels(channels), (to) => {
    for (let c = 0; c < channels; c++) {
      const at = (c >> 3) * 16 + (c & 7)
      to[at] = weight?.[c] ?? 1
      to[at + 8] = bias?.[c] ?? 0
    }
  })
}

/** Where each channel comes from; the lanes beyond the last channel are that of the last. */
export function packOrder(channels: readonly number[]): Constant {
  const padded = padChannels(channels.length)
  return constant(padded, (to) => {
    for (let c = 0; c < padded; c++) to[c] = channels[Math.min(c, channels.length - 1)]!
  })
}
