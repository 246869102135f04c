import { fashionMnistRecipe, type Recipe } from '@mobileone/train'
import type { PreparedData } from './prepared-data.ts'
import type { Settings } from './settings.ts'

/** The recipe of `settings`: that of Fashion-MNIST with the visitor's numbers. */
export function recipeOf(settings: Settings, data: Pick<PreparedData, 'size'>): Recipe {
  const { epochs, batchSize, learningRate, seed, mirror } = settings
  return fashionMnistRecipe({
    name: 'demo',
    epochs,
    seed,
    learningRate: { peak: learningRate },
    augmentation: {
      crop: { kind: 'padded', pixels: Math.max(2, Math.round(data.size / 14)) },
      flip: mirror,
      autoAugment: false,
    },
    curriculum: [{ from: 0, size: [data.size, data.size], strength: 1, batchSize }],
  })
}
