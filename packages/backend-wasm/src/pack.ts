/** Weights as the kernels read them; the layouts are described in abi.ts and at the top of each kernel. */
import type { BatchNorm } from '@mobileone/core'
import * as abi from './abi.ts'
import { padChannels } from './choose.ts'
import { type Constant, constant } from './program.ts'

/**
 * Panels of 8 output channels: 8 biases, then 8 weights for each k. `weight` is [groups x outputs, k], where k is in the order of the
 * array, or, with `taps`, the length of a kernel, in the order 8 channels, tap, channel of the 8.
 */
export function packPanels(
  weight: Float32Array,
  bias: Float32Array | undefined,
  groups: number,
  outputs: number,
  k: number,
  taps = 1,
): Constant {
  const panelFloats = 8 * (k + 1)
  const groupFloats = padChannels(outputs) * (k + 1)
  return constant(groups * groupFloats, (to) => {
    for (let channel = 0; channel < groups * outputs; channel++) {
      const output = channel % outputs
      const group = (channel - output) / outputs
      const start = group * groupFloats + (output >> 3) * panelFloats + (output & 7)
      to[start] = bias?.[channel] ?? 0
      const end = (channel + 1) * k
      if (taps === 1) {
        for (let from = channel * k, at = start + 8; from < end; from++, at += 8) to[at] = weight[from]!
        continue
      }
      for (let i = 0, from = channel * k; from < end; i++) {
        let at = start + 8 + 64 * taps * (i >> 3) + 8 * (i & 7)
        for (let tap = 0; tap < taps; tap++, at += 64) to[at] = weight[from++]!
      }
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

/** The numbers that kernels load from HEAP; what they are in is told in assembly/exp-f32.ts, activate-f32.ts and levels-int8.ts. */
const numbers: Readonly<Record<number, number>> = {
  [abi.ROUND]: 12_582_912,
  [abi.EXP_MAX]: 89,
  [abi.EXP_MIN]: -88,
  [abi.LOG2_E]: Math.LOG2E,
  [abi.LN2_LOW]: 2.1219444e-4,
  [abi.LN2_HIGH]: -0.693359375,
  [abi.EXP_5]: 8.28929059e-3,
  [abi.EXP_4]: 4.18978221e-2,
  [abi.EXP_3]: 1.66676521e-1,
  [abi.EXP_2]: 4.99991506e-1,
  [abi.EXP_1]: 9.99999702e-1,
  [abi.ONE]: 1,
  [abi.THREE]: 3,
  [abi.SIX]: 6,
  [abi.SIXTH]: 1 / 6,
  [abi.HALF]: 0.5,
  [abi.SQRT_HALF]: Math.SQRT1_2,
  [abi.ERF_P]: 0.3275911,
  [abi.ERF_1]: 0.254829592,
  [abi.ERF_2]: -0.284496736,
  [abi.ERF_3]: 1.421413741,
  [abi.ERF_4]: -1.453152027,
  [abi.ERF_5]: 1.061405429,
  [abi.LARGEST_LEVEL]: 127,
}

/** The first constant of every program. */
export function packNumbers(): Constant {
  const values = Object.values(numbers)
  return constant(values.length, (to) => to.set(values))
}
