import { imagenetPreprocess, MobileOneError, type Preprocess, type Variant, variants } from '@mobileone/core'
import { checkRecipe, type Phase, type Recipe } from '../recipe.ts'

/** Which training a plan is for, and on how many machines. */
export interface TorchPlanOptions {
  /** The network, by its name here and in timm. */
  readonly variant: Variant
  readonly dataset: TorchDataset
  /** GPUs of each machine, one process for each. */
  readonly devices: number
  /** Machines. Default 1. */
  readonly machines?: number
  /** Processes that decode pictures, for each GPU. Default 8. */
  readonly workers?: number
  /** Compute in bfloat16 where that is safe. Default false, as in the paper. */
  readonly amp?: boolean
  /** Folder for checkpoints. Default `runs/<name of the recipe>`. */
  readonly output?: string
}

/** Pictures in the layout of ImageNet: a folder with a folder of pictures per class for training, another for validation. */
export interface TorchDataset {
  readonly folder: string
  readonly classes: number
  /** Default `train`. */
  readonly train?: string
  /** Default `val`; null measures nothing. */
  readonly validation?: string | null
  /** Default 3, RGB. */
  readonly channels?: 1 | 3
  /** In the order of the sorted class folders. Default: the names of the folders. */
  readonly labels?: readonly string[]
  /** How validation pictures are prepared, and with what mean and deviation all are. Default: ImageNet's at the last phase's size. */
  readonly preprocess?: Preprocess
}

/** {@link TorchPlanOptions} with every choice made, and the recipe. */
export interface TorchPlanSettings {
  readonly recipe: Recipe
  /** The network's name in timm, which is that of its configuration here. */
  readonly model: string
  readonly dataset: Required<Omit<TorchDataset, 'labels'>> & { readonly labels: readonly string[] | null }
  readonly devices: number
  readonly machines: number
  readonly workers: number
  readonly amp: boolean
  readonly output: string
}

/** @throws MobileOneError `invalid-argument` naming the option that makes no sense. */
export function settingsOf(recipe: Recipe, options: TorchPlanOptions): TorchPlanSettings {
  checkRecipe(recipe)
  const { variant, dataset, devices, machines = 1, workers = 8, amp = false } = options
  if (!Object.hasOwn(variants, variant)) {
    fail(`timm has no network "${variant}"; the variants are ${Object.keys(variants).join(', ')}`)
  }
  whole('devices', devices, 1, 1024)
  whole('machines', machines, 1, 4096)
  whole('workers', workers, 0, 1024)
  whole('dataset.classes', dataset.classes, 2, 10_000_000)
  const { labels = null, channels = 3 } = dataset
  if (labels && labels.length !== dataset.classes) {
    fail(`there are ${labels.length} labels for ${dataset.classes} classes`)
  }
  const processes = devices * machines
  for (const [index, { batchSize }] of recipe.curriculum.entries()) {
    if (batchSize % processes !== 0 || batchSize / processes < 2) {
      fail(
        `curriculum[${index}]: a batch of ${batchSize} does not split into parts of two or more over ${processes} processes; change batchSize or the number of devices`,
      )
    }
  }
  const preprocess = dataset.preprocess ?? imagenetPreprocess(lastSize(recipe), channels)
  if (preprocess.mean.length !== channels || preprocess.std.length !== channels) {
    fail(`dataset.preprocess has ${preprocess.mean.length} means for ${channels} channels`)
  }
  return {
    recipe,
    model: variants[variant].name,
    dataset: {
      folder: dataset.folder,
      classes: dataset.classes,
      train: dataset.train ?? 'train',
      validation: dataset.validation === undefined ? 'val' : dataset.validation,
      channels,
      labels,
      preprocess,
    },
    devices,
    machines,
    workers,
    amp,
    output: options.output ?? `runs/${recipe.name}`,
  }
}

function lastSize({ curriculum }: Recipe): Phase['size'] {
  return (curriculum.at(-1) as Phase).size
}

function whole(name: string, value: number, low: number, high: number): void {
  if (!Number.isSafeInteger(value) || value < low || value > high)
    fail(`${name} must be a whole number from ${low} to ${high}, not ${value}`)
}

function fail(message: string): never {
  throw new MobileOneError('invalid-argument', `torchPlan: ${message}`)
}
