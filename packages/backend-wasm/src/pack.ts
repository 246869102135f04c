/** Weights as the kernels read them; the layouts are described in abi.ts and at the top of each kernel. */
import type { BatchNorm, Taps } from '@mobileone/core'
import { padChannels } from './choose.ts'
import { type Constant, constant } from './program.ts'

/** Panels of 8 output channels: 8 biases, then 8 weights for each k. `weight` is [groups x outputs, k]. */
export function packPanels(
  weight: Float32Array,
  bias: Float32Array | undefined,
  groups: number,
  outputs: number,
  k: number,
): Constant {
  const panelFloats = 8 * (k + 1)
  const groupFloats = padChannels(outputs) * (k + 1)
  return constant(groups * groupFloats, (to) => {
    for (let channel = 0; channel < groups * outputs; channel++) {
      const output = channel % outputs
      const group = (channel - output) / outputs
      let at = group * groupFloats + (output >> 3) * panelFloats + (output & 7)
      to[at] = bias?.[channel] ?? 0
      for (let i = channel * k, end = i + k; i < end; i++) to[(at += 8)] = weight[i]!
    }
  })
}

/** Per 4 channels: biases, then one vector per tap. `weight` is [channels, 1, taps]. */
export function packDepthwise(
  weight: Float32Array,
  bias: Float32Array | undefined,
  channels: number,
  taps: number,
): Constant {
  return constant(padChannels(channels) * (taps + 1), (to) => {
    for (let channel = 0; channel < channels; channel++) {
      let at = (channel >> 2) * 4 * (taps + 1) + (channel & 3)
      to[at] = bias?.[channel] ?? 0
      for (let tap = 0; tap < taps; tap++) to[(at += 4)] = weight[channel * taps + tap]!
    }
  })
}

/** The arrays of a batch normalisation, by role. */
export type BatchNormWeights = Readonly<
  Record<'weight' | 'bias' | 'runningMean' | 'runningVar', Float32Array>
>

/** Batch normalisation as one product and one sum per channel. */
export function packBatchNorm(
  { weight, bias, runningMean, runningVar }: BatchNormWeights,
  epsilon: BatchNorm['epsilon'],
): { readonly scale: Constant; readonly shift: Constant } {
  const channels = weight.length
  const scaleOf = (c: number): number => weight[c]! / Math.sqrt(runningVar[c]! + epsilon)
  return {
    scale: constant(padChannels(channels), (to) => {
      for (let c = 0; c < channels; c++) to[c] = scaleOf(c)
    }),
    shift: constant(padChannels(channels), (to) => {
      for (let c = 0; c < channels; c++) to[c] = bias[c]! - runningMean[c]! * scaleOf(c)
    }),
  }
}

/** A vector for each result: two indices and their shares. One pixel is both halves of itself, so that infinity times 0 is not NaN. */
export function packTaps(taps: readonly Taps[]): Constant {
  return constant(4 * taps.length, (to) => {
    for (const [index, [first, second]] of taps.entries()) {
      const [a, b] = second ? [first!, second] : [[first![0], 0.5] as const, [first![0], 0.5] as const]
      to.set([a[0], b[0], a[1], b[1]], 4 * index)
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
