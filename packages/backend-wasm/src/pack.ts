/** Weights as the kernels read them; the layouts are described in abi.ts and at the top of each kernel. */
import { padChannels } from './choose.ts'

/** Floats of the panels of `outputs` channels with `k` weights each. */
export function panelFloats(outputs: number, k: number): number {
  return padChannels(outputs) * (k + 1)
}

/**
 * Panels of 8 output channels, the last of 4 where the padded count says so: biases, then one row of weights per k.
 * `weight` is [outputs, k] at `from`; `order` maps the kernel's k to the weight's.
 */
export function packPanels(
  to: Float32Array,
  weight: Float32Array,
  bias: Float32Array | undefined,
  from: number,
  outputs: number,
  k: number,
  order?: Int32Array,
): void {
  const padded = padChannels(outputs)
  let offset = 0
  for (let first = 0; first < padded; first += 8) {
    const width = Math.min(8, padded - first)
    for (let lane = 0; lane < width; lane++) {
      const channel = first + lane
      if (channel >= outputs) continue
      const row = (from + channel) * k
      to[offset + lane] = bias?.[from + channel] ?? 0
      let at = offset + width + lane
      if (order) {
        for (let i = 0; i < k; i++, at += width) to[at] = weight[row + order[i]!]!
      } else {
        for (let i = 0; i < k; i++, at += width) to[at] = weight[row + i]!
      }
    }
    offset += width * (k + 1)
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

/** From the order (kernel position, channel) of an NHWC patch to the order (channel, kernel position) of the weight. */
export function nhwcOrder(channels: number, taps: number): Int32Array {
  const order = new Int32Array(channels * taps)
  for (let tap = 0; tap < taps; tap++) {
    for (let c = 0; c < channels; c++) order[tap * channels + c] = c * taps + tap
  }
  return order
}
