/** Tables applied to every sample of 8-bit pixels, with the results of Pillow's ImageOps of the same names. */
import type { Image } from '@mobileone/vision'

/** `255 - x`. */
export function invert(image: Image): Image {
  return map(image, () => (sample) => 255 - sample)
}

/** Invert the samples at or above `threshold`; 256 changes nothing. */
export function solarize(image: Image, threshold: number): Image {
  return map(image, () => (sample) => (sample < threshold ? sample : 255 - sample))
}

/** Keep the `bits` highest bits of each sample, 0 to 8; 8 changes nothing. */
export function posterize(image: Image, bits: number): Image {
  const mask = ~((1 << (8 - bits)) - 1)
  return map(image, () => (sample) => sample & mask)
}

/** Stretch each channel so that its darkest sample becomes 0 and its lightest 255. */
export function autoContrast(image: Image): Image {
  return map(image, (histogram) => {
    const low = histogram.findIndex((count) => count > 0)
    const high = histogram.findLastIndex((count) => count > 0)
    if (high <= low) return (sample) => sample
    const scale = 255 / (high - low)
    const offset = -low * scale
    return (sample) => Math.trunc(sample * scale + offset)
  })
}

/** Flatten the histogram of each channel, in Pillow's whole numbers. */
export function equalize(image: Image): Image {
  return map(image, (histogram) => {
    const last = histogram.findLast((count) => count > 0) ?? 0
    const total = image.width * image.height
    const step = Math.floor((total - last) / 255)
    if (step === 0) return (sample) => sample
    let below = Math.floor(step / 2)
    return (sample) => {
      const value = Math.floor(below / step)
      below += histogram[sample]!
      return value
    }
  })
}

/**
 * Each channel through the table that `choose` makes from its histogram, asked for the samples 0 to 255 in turn; values are
 * clamped to 0..255.
 */
function map(image: Image, choose: (histogram: Uint32Array) => (sample: number) => number): Image {
  const { width, height, channels, data } = image
  const out = new Uint8Array(data.length)
  const histogram = new Uint32Array(256)
  const table = new Uint8ClampedArray(256)
  for (let channel = 0; channel < channels; channel++) {
    histogram.fill(0)
    for (let i = channel; i < data.length; i += channels) histogram[data[i]!]!++
    const change = choose(histogram)
    for (let sample = 0; sample < 256; sample++) table[sample] = change(sample)
    for (let i = channel; i < data.length; i += channels) out[i] = table[data[i]!]!
  }
  return { width, height, channels, data: out }
}
