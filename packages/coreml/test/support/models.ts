import { normalInputs as drawInputs } from '@mobileone/conformance'
import {
  configFromWidths,
  initialize,
  type MobileOneConfig,
  type Model,
  type ModelCard,
  mobileone,
  random,
  type Tensors,
  withCard,
} from '@mobileone/core'

/** A card with everything in it, for `classes` classes and inputs of `size`. */
export function fullCard(classes: number, size: readonly [number, number]): ModelCard {
  return {
    description: 'Größe und Güte',
    author: 'An Author',
    licence: 'MIT',
    source: 'https://example.org/weights.safetensors',
    labels: Array.from(
      { length: classes },
      (_, index) => ['猫', 'тигр', 'fjäder', 'a "b"'][index % 4] + String(index),
    ),
    preprocess: {
      size,
      resize: 64,
      interpolation: 'bicubic',
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    },
  }
}

export const tinyConfig: MobileOneConfig = configFromWidths({
  name: 'tiny',
  widths: [0.1, 0.11, 0.1, 0.13],
  blocks: [1, 1, 2, 1],
  branches: 1,
  squeezeExcite: [0, 0, 1, 1],
  classes: 5,
  inputSize: [45, 37],
})

/** A small network in deploy form with squeeze-and-excite and odd sizes, and its card. */
export function tinyModel(config: MobileOneConfig = tinyConfig): Model {
  const model = initialize(mobileone(config, { form: 'deploy' }), { seed: 3, statistics: 'random' })
  return withCard(model, fullCard(config.classes, config.input.size))
}

/** A model with a pointwise kernel and a head that are large enough for int8. */
export function wideModel(): Model {
  const channels = [7, 14, 64, 160]
  const stages = tinyConfig.stages.map((stage, index) => ({ ...stage, channels: channels[index] as number }))
  return tinyModel({ ...tinyConfig, stages, classes: 70 })
}

/** The smallest model whose kernels every form of compression divides evenly. */
export function narrowModel(): Model {
  const channels = [8, 8, 16, 16]
  const stages = tinyConfig.stages.map((stage, index) => ({
    ...stage,
    blocks: 1,
    channels: channels[index] as number,
    squeezeExcite: 0,
  }))
  const stem = { ...tinyConfig.stem, channels: 8 }
  const input = { channels: 3, size: [16, 16] } as const
  return tinyModel({ ...tinyConfig, name: 'narrow', input, stem, stages, classes: 8 })
}

/** Standard normal inputs. */
export function normalInputs(model: Model, seed = 1): Tensors {
  return drawInputs(model, random(seed))
}
