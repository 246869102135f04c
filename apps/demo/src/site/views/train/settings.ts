import type { PreparedData } from './prepared-data.ts'

/** What the visitor chooses for a run. */
export interface Settings {
  readonly compare: 'both' | 'branches' | 'plain'
  /** k: parallel convolutions of each block. */
  readonly branches: number
  /** Scales the channels of every stage. */
  readonly width: number
  readonly epochs: number
  readonly batchSize: number
  readonly learningRate: number
  readonly seed: number
  /** Show half of the pictures mirrored, which helps where left and right do not matter. */
  readonly mirror: boolean
}

export const defaultSettings: Settings = {
  compare: 'both',
  branches: 2,
  width: 0.5,
  epochs: 6,
  batchSize: 32,
  learningRate: 0.1,
  seed: 0,
  mirror: true,
}

export const choices = {
  branches: [1, 2, 3, 4],
  width: [0.25, 0.5, 1],
  batchSize: [16, 32, 64, 128],
} as const

/** @returns what is wrong with `settings`, in words; undefined where nothing is. */
export function problemOf(settings: Settings, data: Pick<PreparedData, 'train'>): string | undefined {
  const { epochs, learningRate, seed, batchSize } = settings
  if (!Number.isInteger(epochs) || epochs < 1 || epochs > 200) return 'Epochs: a whole number from 1 to 200.'
  if (!(learningRate > 0 && Number.isFinite(learningRate)))
    return 'Learning rate: a number above 0; 0.1 is usual.'
  if (!Number.isSafeInteger(seed) || seed < 0) return 'Seed: a whole number of at least 0.'
  const { count } = data.train
  if (count < batchSize)
    return `Batch: ${batchSize} pictures are more than the ${count} there are to learn from; choose a smaller batch.`
  return undefined
}

/** Steps that a run of `settings` takes. */
export function stepsOf({ epochs, batchSize }: Settings, { train }: Pick<PreparedData, 'train'>): number {
  return epochs * Math.floor(train.count / batchSize)
}
