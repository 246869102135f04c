import { MobileOneError, type Preprocess, type Tensor, tensor } from '@mobileone/core'
import { type Image, toGrey, toRgb } from './image.ts'

/** `(x / 255 - mean) / std` per channel, each step rounded to float32 as in PyTorch: [1, C, height, width]. */
export function normalize(image: Image, rule: Pick<Preprocess, 'mean' | 'std'>): Tensor {
  checkStatistics(rule)
  const channels = rule.mean.length
  const converted = channels === 1 ? toGrey(image) : toRgb(image)
  const out = tensor([1, channels, image.height, image.width])
  writePlanes(converted, normalizationTables(rule), out.data)
  return out
}

/** Where an image goes in planes of `columns` a row. */
export interface Place {
  readonly left: number
  readonly top: number
  readonly columns: number
}

/**
 * Write an image of as many channels as tables, or more, into planes of `columns` a row, from (left, top) on: each sample as its
 * table says.
 */
export function writePlanes(
  { data, channels, width, height }: Image,
  tables: readonly Float32Array[],
  out: Float32Array,
  { left, top, columns }: Place = { left: 0, top: 0, columns: width },
): void {
  const plane = out.length / tables.length
  tables.forEach((table, channel) => {
    for (let y = 0, from = channel; y < height; y++) {
      let to = channel * plane + (top + y) * columns + left
      for (const end = to + width; to < end; to++, from += channels) out[to] = table[data[from]!]!
    }
  })
}

/** What {@link normalize} makes of each of the 256 values a sample can have, one table per channel. */
export function normalizationTables({ mean, std }: Pick<Preprocess, 'mean' | 'std'>): Float32Array[] {
  checkStatistics({ mean, std })
  return mean.map((value, channel) => {
    const centre = Math.fround(value)
    const deviation = Math.fround(std[channel]!)
    return Float32Array.from(
      { length: 256 },
      (_, sample) => Math.fround(Math.fround(sample / 255) - centre) / deviation,
    )
  })
}

/** @throws MobileOneError `invalid-argument` where mean and std are not of one or three finite values. */
export function checkStatistics({ mean, std }: Pick<Preprocess, 'mean' | 'std'>): void {
  if ((mean.length !== 1 && mean.length !== 3) || std.length !== mean.length) {
    throw new MobileOneError(
      'invalid-argument',
      `preprocess: mean and std must both have 3 values (RGB) or 1 (grey), not ${mean.length} and ${std.length}`,
    )
  }
  if (!mean.every(Number.isFinite) || !std.every((value) => Number.isFinite(value) && value > 0)) {
    throw new MobileOneError('invalid-argument', 'preprocess: mean must be finite, std finite and above 0')
  }
}
