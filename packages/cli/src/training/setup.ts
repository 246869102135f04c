import { readFile } from 'node:fs/promises'
import {
  initialize,
  type MobileOneConfig,
  MobileOneError,
  type Model,
  mobileone,
  spec,
  type Tensor,
  type Variant,
  variants,
} from '@mobileone/core'
import { headOf, withHead } from '@mobileone/sdk'
import {
  checkRecipe,
  fashionMnistRecipe,
  overrideRecipe,
  paperRecipe,
  type Recipe,
  type RecipeName,
  smallNetwork,
} from '@mobileone/train'
import { UsageError } from '../command.ts'
import { loadFor } from '../session.ts'
import type { TrainingData } from './data.ts'

export interface RecipeFlags {
  readonly dataset?: string | undefined
  readonly recipe?: string | undefined
  readonly variant?: string | undefined
  readonly epochs?: number | undefined
  readonly seed?: number | undefined
  readonly 'batch-size'?: number | undefined
  readonly 'learning-rate'?: number | undefined
  readonly size?: number | undefined
}

/** The recipe the flags name, with what they change. */
export async function chooseRecipe(flags: RecipeFlags): Promise<Recipe> {
  const named = await readRecipe(
    flags.recipe ?? (flags.dataset === 'fashion-mnist' ? 'fashion-mnist' : (flags.variant ?? 's0')),
  )
  const { epochs, seed, size, 'batch-size': batchSize, 'learning-rate': peak } = flags
  const timed = overrideRecipe(named, { ...(epochs !== undefined && { epochs }) })
  const scale = size === undefined ? 1 : size / Math.max(...(timed.curriculum.at(-1)?.size ?? [1]))
  return overrideRecipe(timed, {
    curriculum: timed.curriculum.map((phase) => ({
      ...phase,
      size: phase.size.map((side) => Math.max(1, Math.round(side * scale))) as [number, number],
      ...(batchSize !== undefined && { batchSize }),
    })),
    ...(seed !== undefined && { seed }),
    ...(peak !== undefined && {
      learningRate: { peak, final: Math.min(peak, timed.learningRate.final) },
    }),
  })
}

async function readRecipe(name: string): Promise<Recipe> {
  if (name === 'fashion-mnist') return fashionMnistRecipe()
  if (/^s[0-4]$/.test(name)) return paperRecipe(name as RecipeName)
  const recipe = await readJson(name, 'recipe')
  // A file may hold a whole recipe, or the changes to a named one.
  const { extends: base, ...rest } = recipe as { extends?: string }
  return base === undefined
    ? checkRecipe(rest as unknown as Recipe)
    : overrideRecipe(await readRecipe(base), rest)
}

export interface NetworkFlags {
  readonly weights?: string | undefined
  readonly variant?: string | undefined
  readonly network?: string | undefined
  readonly branches?: number | undefined
  readonly width?: number | undefined
}

/** The train-form model to start from: random weights from the recipe's seed, or those the flags name. */
export async function chooseModel(flags: NetworkFlags, data: TrainingData, recipe: Recipe): Promise<Model> {
  if (flags.weights !== undefined)
    return withNewHead(await loadFor({ weights: flags.weights }), data.train.labels, recipe.seed)
  const input = { channels: data.train.channels, size: data.preprocess.size }
  const config = await chooseNetwork(flags, { input, classes: data.train.labels.length })
  return initialize(mobileone(config, { form: 'train' }), { seed: recipe.seed, scheme: 'pytorch' })
}

async function chooseNetwork(
  { variant, network, branches, width }: NetworkFlags,
  data: Pick<MobileOneConfig, 'input' | 'classes'>,
): Promise<MobileOneConfig> {
  const isSmall =
    network === 'small' || (network === undefined && variant === undefined && data.input.channels === 1)
  if (width !== undefined && !isSmall)
    throw new UsageError('--width scales the network "small"; the published variants have their own')
  if (isSmall) {
    return smallNetwork({
      ...data,
      ...(branches !== undefined && { branches }),
      ...(width !== undefined && { width }),
    })
  }
  const config =
    network === undefined
      ? variants[(variant ?? 's0') as Variant]
      : ((await readJson(network, 'network')) as unknown as MobileOneConfig)
  const stages =
    branches === undefined ? config.stages : config.stages.map((stage) => ({ ...stage, branches }))
  return { ...config, stages, ...data }
}

/** `model` with a new head, and `labels`, where it has another number of classes. */
function withNewHead(model: Model, labels: readonly string[], seed: number): Model {
  const head = headOf(model)
  if (head?.bias === undefined) {
    throw new MobileOneError(
      'invalid-model',
      `"${model.name}" ends in no linear layer, so it is no classifier to train`,
    )
  }
  const [classes, features = 0] = (model.weights[head.weight] as Tensor).shape
  if (classes === labels.length) return model
  const { weights } = initialize(
    {
      name: 'head',
      inputs: {},
      nodes: [head],
      outputs: {},
      weights: { [head.weight]: spec([labels.length, features]), [head.bias]: spec([labels.length]) },
    },
    { seed, scheme: 'pytorch' },
  )
  const data = (name: string): Float32Array => (weights[name] as Tensor).data
  return withHead(model, { weight: data(head.weight), bias: data(head.bias) }, labels)
}

async function readJson(path: string, what: string): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
    throw new Error('it holds no object')
  } catch (cause) {
    throw new MobileOneError('invalid-file', `cannot read the ${what} ${path}: ${(cause as Error).message}`, {
      cause,
    })
  }
}
