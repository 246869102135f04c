import {
  floatWeight,
  headOf,
  initialize,
  type MobileOneConfig,
  MobileOneError,
  type Model,
  mobileone,
  spec,
  type Variant,
  variants,
  withHead,
} from '@mobileone/core'
import { type Recipe, smallNetwork } from '@mobileone/train'
import { refuseFlags, UsageError } from '../command.ts'
import { loadFor } from '../session.ts'
import type { TrainingData } from './open-data.ts'
import { readJson } from './read-json.ts'
import { smallSide } from './suit-recipe.ts'

export interface NetworkFlags {
  readonly weights?: string | undefined
  readonly strides?: string | undefined
  readonly prefix?: string | undefined
  readonly variant?: string | undefined
  readonly network?: string | undefined
  readonly branches?: number | undefined
  readonly width?: number | undefined
}

/** The train-form model to start from: random weights from the recipe's seed, or those the flags name. */
export async function chooseModel(flags: NetworkFlags, data: TrainingData, recipe: Recipe): Promise<Model> {
  const { weights, strides, prefix, variant } = flags
  if (weights !== undefined) {
    refuseFlags(flags, ['network', 'branches', 'width'], 'is for random weights; --weights have a network')
    const model = await loadFor({ weights, strides, prefix, variant })
    return withNewHead(model, data.train.labels, recipe.seed)
  }
  refuseFlags(flags, ['strides', 'prefix'], 'is for --weights; a network from random weights has its own')
  const input = { channels: data.train.channels, size: data.preprocess.size }
  const config = await chooseNetwork(flags, { input, classes: data.train.labels.length })
  return initialize(mobileone(config, { form: 'train' }), { seed: recipe.seed, scheme: 'pytorch' })
}

async function chooseNetwork(
  { variant, network, branches, width }: NetworkFlags,
  data: Pick<MobileOneConfig, 'input' | 'classes'>,
): Promise<MobileOneConfig> {
  const isUnnamed = network === undefined && variant === undefined
  const isSmall =
    network === 'small' ||
    (isUnnamed && (data.input.channels === 1 || Math.max(...data.input.size) <= smallSide))
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
  const [classes, features = 0] = floatWeight(model, head.weight).shape
  if (classes === labels.length) return model
  const initial = initialize(
    {
      name: 'head',
      inputs: {},
      nodes: [head],
      outputs: {},
      weights: { [head.weight]: spec([labels.length, features]), [head.bias]: spec([labels.length]) },
    },
    { seed, scheme: 'pytorch' },
  )
  const data = (name: string): Float32Array => floatWeight(initial, name).data
  return withHead(model, { weight: data(head.weight), bias: data(head.bias) }, labels)
}
