import { configFromWidths, initialize, type Model, mobileone } from '@mobileone/core'

/** Small, for adapters that take a tenth of a second for each shape. */
export const tiny: Model = initialize(
  mobileone(
    configFromWidths({
      name: 'tiny',
      widths: [0.25, 0.25, 0.1, 0.1],
      blocks: [1, 1, 1, 1],
      branches: 1,
      classes: 11,
      inputSize: [32, 32],
    }),
    { form: 'deploy' },
  ),
  { seed: 9, statistics: 'random' },
)
