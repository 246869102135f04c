import type { GhostNetRecipe } from '../families/ghostnet.ts'
import type { MobileNeXtRecipe } from '../families/mobilenext.ts'

/** Zhou et al. 2020, arXiv 2007.02269, Table 2, at width 1. */
export const mobilenextRows: MobileNeXtRecipe['rows'] = [
  [2, 96, 1, 2],
  [6, 144, 1, 1],
  [6, 192, 3, 2],
  [6, 288, 3, 2],
  [6, 384, 4, 1],
  [6, 576, 4, 2],
  [6, 960, 3, 1],
  [6, 1280, 1, 1],
]

/** Han et al. 2020, arXiv 1911.11907, Table 7. */
export const ghostnet: GhostNetRecipe = {
  family: 'ghostnet',
  stem: 16,
  lastStage: 960,
  head: 1280,
  stages: [
    [[3, 16, 16, 1]],
    [[3, 48, 24, 2]],
    [[3, 72, 24, 1]],
    [[5, 72, 40, 2, 20]],
    [[5, 120, 40, 1, 32]],
    [[3, 240, 80, 2]],
    [
      [3, 200, 80, 1],
      [3, 184, 80, 1],
      [3, 184, 80, 1],
      [3, 480, 112, 1, 120],
      [3, 672, 112, 1, 168],
    ],
    [[5, 672, 160, 2, 168]],
    [
      [5, 960, 160, 1],
      [5, 960, 160, 1, 240],
      [5, 960, 160, 1],
      [5, 960, 160, 1, 240],
    ],
  ],
}
