import { random } from '@mobileone/core'
import type { BatchSource } from '../src/data/batch.ts'

/** Three classes of 8 x 6 images that a network learns in seconds: noise with a bright top, bottom, or left side. */
export function stripes(examples: number): BatchSource {
  return {
    examples,
    labels: ['top', 'bottom', 'left'],
    channels: 1,
    preprocess: { size: [8, 6], resize: 6, interpolation: 'bilinear', mean: [0.5], std: [0.25] },
    async *batches({ epoch, seed, batchSize, skip = 0 }) {
      for (let batch = skip; batch * batchSize < examples; batch++) {
        const source = random(seed * 1_000_003 + epoch * 1009 + batch)
        const count = Math.min(batchSize, examples - batch * batchSize)
        const labels = Int32Array.from({ length: count }, () => source.integer(0, 2))
        const images = new Float32Array(count * 48)
        for (let index = 0; index < images.length; index++) {
          const label = labels[Math.floor(index / 48)] as number
          const [row, column] = [Math.floor((index % 48) / 6), index % 6]
          const isBright = [row < 4, row >= 4, column < 3][label]
          images[index] = source.normal() + (isBright ? 1 : -1)
        }
        yield { images, shape: [count, 8, 6, 1], labels }
      }
    },
  }
}
