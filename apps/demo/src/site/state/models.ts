/** What can be chosen, as data. Sizes of downloads are bytes of timm's files, in train form; a test counts them on the networks. */
export interface ModelFacts {
  /** As the visitor reads it. */
  readonly title: string
  /** Where there are no numbers to tell. */
  readonly about?: string
  /** Parameters and multiply-adds of the folded network, which is what runs. */
  readonly params?: number
  readonly macs?: number
  /** Bytes that the hub sends, for published weights. */
  readonly download?: number
}

export const modelFacts = {
  'fashion-mnist': {
    title: 'Fashion-MNIST',
    about: '10 kinds of clothes; comes with this page',
  },
  s0: {
    title: 'MobileOne S0',
    params: 2_078_504,
    macs: 275_110_400,
    download: 21_672_000,
  },
  s1: {
    title: 'MobileOne S1',
    params: 4_764_840,
    macs: 825_057_024,
    download: 19_640_000,
  },
  s2: {
    title: 'MobileOne S2',
    params: 7_808_168,
    macs: 1_298_426_496,
    download: 31_950_000,
  },
  s3: {
    title: 'MobileOne S3',
    params: 10_078_312,
    macs: 1_895_790_592,
    download: 41_170_000,
  },
  s4: {
    title: 'MobileOne S4',
    params: 14_838_352,
    macs: 2_979_269_760,
    download: 60_390_000,
  },
  file: { title: 'Your file', about: 'a MobileOne from this device: .pth.tar, .pt, .safetensors' },
} as const satisfies Readonly<Record<string, ModelFacts>>

export type ModelId = keyof typeof modelFacts
export const models = Object.keys(modelFacts) as readonly ModelId[]

/** Models whose weights are downloaded from the hub when the visitor asks for them. */
export type PublishedId = 's0' | 's1' | 's2' | 's3' | 's4'
export const published: readonly PublishedId[] = ['s0', 's1', 's2', 's3', 's4']

export function isPublished(model: ModelId): model is PublishedId {
  return (published as readonly ModelId[]).includes(model)
}

/** Where the licence of the published weights is read. */
export const weightsLicence = 'https://github.com/apple/ml-mobileone/blob/main/LICENSE'
