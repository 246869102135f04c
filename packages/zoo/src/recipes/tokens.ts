import type { MobileVitRecipe } from '../families/mobilevit.ts'
import type { PitRecipe } from '../families/pit.ts'
import type { VitRecipe } from '../families/vit.ts'

export const deitTiny: VitRecipe = { family: 'vit', patch: 16, features: 192, blocks: 12, heads: 3 }

export const pitTiny: PitRecipe = {
  family: 'pit',
  patch: 16,
  stride: 8,
  features: 64,
  stages: [
    [2, 2],
    [6, 4],
    [4, 8],
  ],
}

export const mobilevitXXS: MobileVitRecipe = {
  family: 'mobilevit',
  expansion: 2,
  stages: [
    [16, 1, 1],
    [24, 2, 3],
  ],
  transformers: [
    [48, 64, 2],
    [64, 80, 4],
    [80, 96, 3],
  ],
  head: 320,
}

export const mobilevitXS: MobileVitRecipe = {
  family: 'mobilevit',
  expansion: 4,
  stages: [
    [32, 1, 1],
    [48, 2, 3],
  ],
  transformers: [
    [64, 96, 2],
    [80, 120, 4],
    [96, 144, 3],
  ],
  head: 384,
}

export const mobilevitS: MobileVitRecipe = {
  family: 'mobilevit',
  expansion: 4,
  stages: [
    [32, 1, 1],
    [64, 2, 3],
  ],
  transformers: [
    [96, 144, 2],
    [128, 192, 4],
    [160, 240, 3],
  ],
  head: 640,
}
