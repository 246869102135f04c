import { configFromWidths, initialize, type Model, mobileone } from '@mobileone/core'

/** A deploy form of three classes that the reference runs in milliseconds. */
export function tinyModel(inputSize: readonly [height: number, width: number] = [32, 32]): Model {
  const config = configFromWidths({
    name: 'tiny',
    widths: [0.25, 0.25, 0.25, 0.25],
    blocks: [1, 1, 1, 1],
    squeezeExcite: [0, 0, 1, 1],
    branches: 1,
    classes: 3,
    inputSize,
  })
  return initialize(mobileone(config, { form: 'deploy' }), { seed: 3, statistics: 'random' })
}
