/** Weights as the kernels read them; the layouts are described in abi.ts and at the top of each kernel. */
import { padChannels } from './choose.ts'

/** Floats of the panels of `outputs` channels with `k` weights each. */
export function panelFloats(outputs: number, k: number): number {
  return padChannels(outputs) * (k + 1)
}

/** Panels of 8 output channels: 8 biases, then 8 weights for each k. `weight` is [outputs, k] from row `first` on. */
export function packPanels(
  to: Float32Array,
  weight: Float32Array,
  bias: Float32Array | undefined,
  first: number,
  outputs: number,
  k: number,
): void {
  for (let output = 0; output < outputs; output++) {
    const channel = first + output
    let at = (output >> 3) * 8 * (k + 1) + (output & 7)
    to[at] = bias?.[channel] ?? 0
    for (let i = channel * k, end = i + k; i < end; i++) to[(at += 8)] = weight[i]!
  }
}

/** Per 4 channels: biases, then one vector per tap. `weight` is [channels, 1, taps]. */
export function packDepthwise(
  to: Float32Array,
  weight: Float32Array,
  bias: Float32Array | undefined,
  channels: number,
  taps: number,
): void {
  for (let channel = 0; channel < channels; channel++) {
    let at = (channel >> 2) * 4 * (taps + 1) + (channel & 3)
    to[at] = bias?.[channel] ?? 0
    for (let tap = 0; tap < taps; tap++) to[(at += 4)] = weight[channel * taps + tap]!
  }
}
