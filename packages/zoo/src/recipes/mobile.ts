import type { MobileRecipe, Row, RowOptions } from '../families/mobile.ts'

/** Howard et al. 2017, arXiv 1704.04861; relu6 as in the released code. */
export const mobilenetV1: MobileRecipe = {
  family: 'mobile',
  stem: 32,
  activation: 'relu6',
  isPlain: true,
  stages: [
    [[1, 3, 0, 64, 1]],
    [[2, 3, 0, 128, 2]],
    [[2, 3, 0, 256, 2]],
    [[6, 3, 0, 512, 2]],
    [[2, 3, 0, 1024, 2]],
  ],
}

/** Sandler et al. 2018, arXiv 1801.04381, Table 2. */
export const mobilenetV2: MobileRecipe = {
  family: 'mobile',
  stem: 32,
  activation: 'relu6',
  head: { channels: 1280 },
  stages: [
    [[1, 3, 0, 16, 1]],
    [
      [1, 3, 96, 24, 2],
      [1, 3, 144, 24, 1],
    ],
    [
      [1, 3, 144, 32, 2],
      [2, 3, 192, 32, 1],
    ],
    [
      [1, 3, 192, 64, 2],
      [3, 3, 384, 64, 1],
    ],
    [
      [1, 3, 384, 96, 1],
      [2, 3, 576, 96, 1],
    ],
    [
      [1, 3, 576, 160, 2],
      [2, 3, 960, 160, 1],
    ],
    [[1, 3, 960, 320, 1]],
  ],
}

/** The same 1.4 times as wide. */
export const mobilenetV2Wide: MobileRecipe = {
  family: 'mobile',
  stem: 48,
  activation: 'relu6',
  head: { channels: 1792 },
  stages: [
    [[1, 3, 0, 24, 1]],
    [
      [1, 3, 144, 32, 2],
      [1, 3, 192, 32, 1],
    ],
    [
      [1, 3, 192, 48, 2],
      [2, 3, 288, 48, 1],
    ],
    [
      [1, 3, 288, 88, 2],
      [3, 3, 528, 88, 1],
    ],
    [
      [1, 3, 528, 136, 1],
      [2, 3, 816, 136, 1],
    ],
    [
      [1, 3, 816, 224, 2],
      [2, 3, 1344, 224, 1],
    ],
    [[1, 3, 1344, 448, 1]],
  ],
}

const relu = (squeeze?: number): RowOptions => ({ activation: 'relu', ...(squeeze && { squeeze }) })
const se = (squeeze: number): RowOptions => ({ squeeze })
const hardGate = { activation: 'relu', gate: 'hardSigmoid' } as const

/** Howard et al. 2019, arXiv 1905.02244, Table 2. */
export const mobilenetV3Small: MobileRecipe = {
  family: 'mobile',
  stem: 16,
  activation: 'hardSwish',
  squeezeExcite: hardGate,
  head: { channels: 1024, pooled: true },
  lastStage: 576,
  stages: [
    [[1, 3, 0, 16, 2, relu(8)]],
    [
      [1, 3, 72, 24, 2, relu()],
      [1, 3, 88, 24, 1, relu()],
    ],
    [
      [1, 5, 96, 40, 2, se(24)],
      [2, 5, 240, 40, 1, se(64)],
    ],
    [
      [1, 5, 120, 48, 1, se(32)],
      [1, 5, 144, 48, 1, se(40)],
    ],
    [
      [1, 5, 288, 96, 2, se(72)],
      [2, 5, 576, 96, 1, se(144)],
    ],
  ],
}

/** Howard et al. 2019, arXiv 1905.02244, Table 1. */
export const mobilenetV3Large: MobileRecipe = {
  family: 'mobile',
  stem: 16,
  activation: 'hardSwish',
  squeezeExcite: hardGate,
  head: { channels: 1280, pooled: true },
  lastStage: 960,
  stages: [
    [[1, 3, 0, 16, 1, relu()]],
    [
      [1, 3, 64, 24, 2, relu()],
      [1, 3, 72, 24, 1, relu()],
    ],
    [
      [1, 5, 72, 40, 2, relu(24)],
      [2, 5, 120, 40, 1, relu(32)],
    ],
    [
      [1, 3, 240, 80, 2],
      [1, 3, 200, 80, 1],
      [2, 3, 184, 80, 1],
    ],
    [
      [1, 3, 480, 112, 1, se(120)],
      [1, 3, 672, 112, 1, se(168)],
    ],
    [
      [1, 5, 672, 160, 2, se(168)],
      [2, 5, 960, 160, 1, se(240)],
    ],
  ],
}

/** Tan and Le 2019, arXiv 1905.11946, Table 1; squeeze-and-excite to a quarter of a block's input channels. */
export const efficientnetB0: MobileRecipe = {
  family: 'mobile',
  stem: 32,
  activation: 'silu',
  head: { channels: 1280 },
  stages: [
    [[1, 3, 0, 16, 1, se(8)]],
    [
      [1, 3, 96, 24, 2, se(4)],
      [1, 3, 144, 24, 1, se(6)],
    ],
    [
      [1, 5, 144, 40, 2, se(6)],
      [1, 5, 240, 40, 1, se(10)],
    ],
    [
      [1, 3, 240, 80, 2, se(10)],
      [2, 3, 480, 80, 1, se(20)],
    ],
    [
      [1, 5, 480, 112, 1, se(20)],
      [2, 5, 672, 112, 1, se(28)],
    ],
    [
      [1, 5, 672, 192, 2, se(28)],
      [3, 5, 1152, 192, 1, se(48)],
    ],
    [[1, 3, 1152, 320, 1, se(48)]],
  ],
}

/** Tan et al. 2019, arXiv 1807.11626, Fig. 7: MnasNet-A1. */
export const mnasnetA1: MobileRecipe = {
  family: 'mobile',
  stem: 32,
  activation: 'relu',
  head: { channels: 1280 },
  stages: [
    [[1, 3, 0, 16, 1]],
    [
      [1, 3, 96, 24, 2],
      [1, 3, 144, 24, 1],
    ],
    [
      [1, 5, 72, 40, 2, se(6)],
      [2, 5, 120, 40, 1, se(10)],
    ],
    [
      [1, 3, 240, 80, 2],
      [3, 3, 480, 80, 1],
    ],
    [
      [1, 3, 480, 112, 1, se(20)],
      [1, 3, 672, 112, 1, se(28)],
    ],
    [
      [1, 5, 672, 160, 2, se(28)],
      [2, 5, 960, 160, 1, se(40)],
    ],
    [[1, 3, 960, 320, 1]],
  ],
}

/** The same paper's network without squeeze-and-excite, B1. */
export const mnasnetB1: MobileRecipe = {
  family: 'mobile',
  stem: 32,
  activation: 'relu',
  head: { channels: 1280 },
  stages: [
    [[1, 3, 0, 16, 1]],
    [
      [1, 3, 48, 24, 2],
      [2, 3, 72, 24, 1],
    ],
    [
      [1, 5, 72, 40, 2],
      [2, 5, 120, 40, 1],
    ],
    [
      [1, 5, 240, 80, 2],
      [2, 5, 480, 80, 1],
    ],
    [
      [1, 3, 480, 96, 1],
      [1, 3, 576, 96, 1],
    ],
    [
      [1, 5, 576, 192, 2],
      [3, 5, 1152, 192, 1],
    ],
    [[1, 3, 1152, 320, 1]],
  ],
}

const silu = (squeeze: number, options: RowOptions = {}): RowOptions => ({
  activation: 'silu',
  squeeze,
  ...options,
})
const splitExpansion: RowOptions = { splitExpansion: true }
const splitProjection: RowOptions = { splitProjection: true }
const splitBoth: RowOptions = { ...splitExpansion, ...splitProjection }
const three = [3, 5, 7] as const
const four = [3, 5, 7, 9] as const

/** Tan and Le 2019, arXiv 1907.09595, Fig. 5: MixNet-S. */
export const mixnetS: MobileRecipe = {
  family: 'mobile',
  stem: 16,
  activation: 'relu',
  squeezeExcite: { activation: 'silu', gate: 'sigmoid' },
  head: { channels: 1536 },
  stages: [
    [[1, 3, 0, 16, 1]],
    [
      [1, 3, 96, 24, 2, splitBoth],
      [1, 3, 72, 24, 1, splitBoth],
    ],
    [
      [1, three, 144, 40, 2, silu(12)],
      [3, [3, 5], 240, 40, 1, silu(20, splitBoth)],
    ],
    [
      [1, three, 240, 80, 2, silu(10, splitProjection)],
      [2, [3, 5], 480, 80, 1, silu(20, splitProjection)],
    ],
    [
      [1, three, 480, 120, 1, silu(40, splitBoth)],
      [2, four, 360, 120, 1, silu(60, splitBoth)],
    ],
    [
      [1, [3, 5, 7, 9, 11], 720, 200, 2, silu(60)],
      [2, four, 1200, 200, 1, silu(100, splitProjection)],
    ],
  ],
}

/** Wu et al. 2019, arXiv 1812.03443, Fig. 4: FBNet-C. */
export const fbnetC: MobileRecipe = {
  family: 'mobile',
  stem: 16,
  activation: 'relu',
  head: { channels: 1984 },
  stages: [
    [[1, 3, 16, 16, 1]],
    [
      [1, 3, 96, 24, 2],
      [2, 3, 24, 24, 1],
    ],
    [
      [1, 5, 144, 32, 2],
      [1, 5, 96, 32, 1],
      [1, 5, 192, 32, 1],
      [1, 3, 192, 32, 1],
    ],
    [
      [1, 5, 192, 64, 2],
      [1, 5, 192, 64, 1],
      [2, 5, 384, 64, 1],
    ],
    [
      [1, 5, 384, 112, 1],
      [2, 5, 672, 112, 1],
      [1, 5, 336, 112, 1],
    ],
    [
      [1, 5, 672, 184, 2],
      [3, 5, 1104, 184, 1],
    ],
    [[1, 3, 1104, 352, 1]],
  ],
}

const tinyStages: readonly (readonly Row[])[] = [
  [[1, 3, 0, 8, 1, se(8)]],
  [[1, 3, 48, 16, 2, se(2)]],
  [[1, 5, 96, 24, 2, se(4)]],
  [
    [1, 3, 144, 40, 2, se(6)],
    [1, 3, 240, 40, 1, se(10)],
  ],
]

/** Han et al. 2020, arXiv 2010.14819: TinyNet-D, an EfficientNet of 152 x 152. */
export const tinynetD: MobileRecipe = {
  family: 'mobile',
  stem: 32,
  activation: 'silu',
  head: { channels: 1280 },
  stages: [
    ...tinyStages,
    [
      [1, 5, 240, 64, 1, se(10)],
      [1, 5, 384, 64, 1, se(16)],
    ],
    [
      [1, 5, 384, 104, 2, se(16)],
      [2, 5, 624, 104, 1, se(26)],
    ],
    [[1, 3, 624, 176, 1, se(26)]],
  ],
}

/** TinyNet-E, of 106 x 106. */
export const tinynetE: MobileRecipe = {
  family: 'mobile',
  stem: 32,
  activation: 'silu',
  head: { channels: 1280 },
  stages: [
    ...tinyStages,
    [
      [1, 5, 240, 56, 1, se(10)],
      [1, 5, 336, 56, 1, se(14)],
    ],
    [
      [1, 5, 336, 96, 2, se(14)],
      [1, 5, 576, 96, 1, se(24)],
    ],
    [[1, 3, 576, 160, 1, se(24)]],
  ],
}
