import { MobileOneError } from '../errors.ts'
import { withOutputs } from '../model/edit.ts'
import type { Graph } from '../model/model.ts'
import { spec } from '../model/tensor.ts'
import { addBlock, type Form } from './block.ts'
import type { Builder } from './builder.ts'
import type { MobileOneConfig } from './config.ts'

/** What `mobileone` builds of a configuration. */
export interface NetworkOptions {
  /** `train`: parallel branches with batch normalisation. `deploy`: the plain CNN they fold into. */
  readonly form: Form
  /**
   * Outputs by name: `logits` [N, classes], `embedding` [N, C] (pooled features), and the feature maps `stride4`,
   * `stride8`, `stride16`, `stride32` [N, C, H / stride, W / stride]. Default `logits`. Layers no output needs are left out.
   */
  readonly outputs?: readonly string[]
}

/**
 * The MobileOne network of `config`, without weights: input `image` [1, channels, height, width].
 * @throws MobileOneError `invalid-argument` for a configuration that describes no network or an unknown output name.
 */
export function mobileone(config: MobileOneConfig, options: NetworkOptions): Graph {
  checkConfig(config)
  const builder: Builder = { nodes: [], weights: {} }
  const { channels: inputChannels, size } = config.input

  let value = addBlock(builder, 'stem', 'image', options.form, {
    inChannels: inputChannels,
    outChannels: config.stem.channels,
    kernel: 3,
    stride: config.stem.stride,
    groups: 1,
    branches: config.stem.branches,
    squeezeExcite: false,
  })
  let channels = config.stem.channels
  for (const [index, stage] of config.stages.entries()) {
    for (let pair = 0; pair < stage.blocks; pair++) {
      const name = (block: number): string => `stage${index + 1}.${2 * pair + block}`
      const shared = { branches: stage.branches, squeezeExcite: pair >= stage.blocks - stage.squeezeExcite }
      const squeezed = 2 * (pair - Math.max(0, stage.blocks - stage.squeezeExcite))
      value = addBlock(builder, name(0), value, options.form, {
        ...shared,
        squeezeChannels: stage.squeezeChannels?.[squeezed],
        inChannels: channels,
        outChannels: channels,
        kernel: 3,
        stride: pair === 0 ? stage.stride : 1,
        groups: channels,
      })
      value = addBlock(builder, name(1), value, options.form, {
        ...shared,
        squeezeChannels: stage.squeezeChannels?.[squeezed + 1],
        inChannels: channels,
        outChannels: stage.channels,
        kernel: 1,
        stride: 1,
        groups: 1,
      })
      channels = stage.channels
    }
  }

  builder.nodes.push({ op: 'globalAvgPool', name: 'pool', inputs: [value] })
  builder.nodes.push({ op: 'flatten', name: 'flatten', inputs: ['pool'] })
  builder.weights['head.weight'] = spec([config.classes, channels])
  builder.weights['head.bias'] = spec([config.classes])
  builder.nodes.push({
    op: 'linear',
    name: 'head',
    inputs: ['flatten'],
    weight: 'head.weight',
    bias: 'head.bias',
  })

  const graph: Graph = {
    name: config.name,
    inputs: { image: spec([1, inputChannels, ...size]) },
    nodes: builder.nodes,
    outputs: { logits: 'head' },
    weights: builder.weights,
    config,
  }
  return options.outputs ? withOutputs(graph, pickOutputs(config, options.outputs)) : graph
}

/** Every output a network of `config` can show: output name to value name, for `withOutputs`. */
export function namedOutputs(config: MobileOneConfig): Readonly<Record<string, string>> {
  const outputs: Record<string, string> = { logits: 'head', embedding: 'flatten' }
  let stride = config.stem.stride
  for (const [index, stage] of config.stages.entries()) {
    stride *= stage.stride
    outputs[`stride${stride}`] = `stage${index + 1}.${2 * stage.blocks - 1}.relu`
  }
  return outputs
}

function pickOutputs(config: MobileOneConfig, names: readonly string[]): Record<string, string> {
  const known = namedOutputs(config)
  return Object.fromEntries(
    names.map((name) => {
      const value = Object.hasOwn(known, name) ? known[name] : undefined
      if (value === undefined) {
        throw new MobileOneError(
          'invalid-argument',
          `${config.name} has no output "${name}"; it can show ${Object.keys(known).join(', ')}`,
        )
      }
      return [name, value]
    }),
  )
}

function checkConfig(config: MobileOneConfig): void {
  const check = (what: string, value: number, minimum = 1): void => {
    if (!Number.isSafeInteger(value) || value < minimum) {
      throw new MobileOneError(
        'invalid-argument',
        `${config.name}: ${what} must be a whole number of at least ${minimum}, got ${value}`,
      )
    }
  }
  check('input.channels', config.input.channels)
  for (const size of config.input.size) check('input.size', size)
  check('stem.channels', config.stem.channels)
  check('stem.stride', config.stem.stride)
  check('stem.branches', config.stem.branches)
  check('classes', config.classes)
  if (config.stages.length === 0)
    throw new MobileOneError('invalid-argument', `${config.name}: there are no stages`)
  for (const [index, stage] of config.stages.entries()) {
    const where = `stages[${index}]`
    check(`${where}.blocks`, stage.blocks)
    check(`${where}.channels`, stage.channels)
    check(`${where}.stride`, stage.stride)
    check(`${where}.branches`, stage.branches)
    check(`${where}.squeezeExcite`, stage.squeezeExcite, 0)
    const squeezing = 2 * Math.min(stage.blocks, stage.squeezeExcite)
    if (stage.squeezeChannels && stage.squeezeChannels.length !== squeezing) {
      throw new MobileOneError(
        'invalid-argument',
        `${config.name}: ${where}.squeezeChannels must have one number for each of the ${squeezing} blocks with squeeze-and-excite, got ${stage.squeezeChannels.length}`,
      )
    }
    for (const channels of stage.squeezeChannels ?? []) check(`${where}.squeezeChannels`, channels)
  }
}
