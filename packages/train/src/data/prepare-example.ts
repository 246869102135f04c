import { type Preprocess, random } from '@mobileone/core'
import { type Image, normalizationTables, toGrey, toRgb } from '@mobileone/vision'
import type { Augmentation } from './augmentation.ts'
import { autoAugment } from './auto-augment.ts'
import { centreCropped, randomCrop } from './crop.ts'

/** How the examples of a batch are prepared: plain data, the same on the main thread and in a worker. */
export interface Preparation {
  /** `size` is that of the batch. */
  readonly rule: Preprocess
  readonly channels: 1 | 3
  /** Undefined for evaluation. */
  readonly augmentation: Augmentation | undefined
  readonly strength: number
}

/** From decoded pixels to a training or evaluation example: `height * width * channels` numbers written to `out` at `offset`. */
export type Prepare = (image: Image, seed: number, out: Float32Array, offset: number) => void

export function prepareWith({ rule, channels, augmentation, strength }: Preparation): Prepare {
  const tables = normalizationTables(rule)
  const fill = rule.mean.map((mean) => Math.min(255, Math.max(0, Math.round(mean * 255))))
  return (decoded, seed, out, offset) => {
    const image = channels === 1 ? toGrey(decoded) : toRgb(decoded)
    let part: Image
    if (augmentation) {
      const own = random(seed)
      part = randomCrop(image, augmentation.crop, augmentation.flip, rule, own)
      if (augmentation.autoAugment) part = autoAugment(part, { strength, fill, random: own })
    } else part = centreCropped(image, rule)
    write(part, tables, out, offset)
  }
}

/** Channels stay interleaved: NHWC. */
function write(
  { data, channels }: Image,
  tables: readonly Float32Array[],
  out: Float32Array,
  offset: number,
): void {
  for (const [channel, table] of tables.entries()) {
    for (let i = channel; i < data.length; i += channels) out[offset + i] = table[data[i]!]!
  }
}
