import type { Graph } from '@mobileone/core'
import type { Layers } from '../layers.ts'

/** RepVGG (Ding et al. 2021, arXiv 2101.03697): 3x3 convolutions, which have two more branches where they are trained. */
export interface RepVggRecipe {
  readonly family: 'repvgg'
  /** Channels of the first block. */
  readonly stem: number
  /** The first block of each stage has stride 2. */
  readonly stages: readonly (readonly [blocks: number, channels: number])[]
}

/** With timm's names for the weights: `stem` and `stages.<stage>.<block>`. */
export function buildRepVgg(layers: Layers, { stem, stages }: RepVggRecipe): Graph {
  let value = addBlock(layers, 'stem', 'image', stem, 2)
  for (const [stage, [blocks, channels]] of stages.entries()) {
    for (let block = 0; block < blocks; block++) {
      value = addBlock(layers, `stages.${stage}.${block}`, value, channels, block === 0 ? 2 : 1)
    }
  }
  return layers.classify('head.fc', value)
}

function addBlock(layers: Layers, name: string, input: string, channels: number, stride: number): string {
  const { net } = layers
  const sum = `${name}.reparam_conv`
  if (layers.options.form === 'deploy') {
    net.conv(sum, input, { channels, kernel: 3, stride })
    return net.unary('relu', `${name}.relu`, sum)
  }
  const branch = (branchName: string, kernel: number): string =>
    layers.convNorm(`${name}.${branchName}.conv`, `${name}.${branchName}.bn`, input, {
      channels,
      kernel,
      stride,
    })
  const hasIdentity = stride === 1 && layers.channels(input) === channels
  const identity = hasIdentity ? layers.batchNorm(`${name}.identity`, `${name}.identity`, input) : undefined
  const pointwise = branch('conv_1x1', 1)
  const rest = identity === undefined ? pointwise : net.add(`${name}.sum`, identity, pointwise)
  net.add(sum, rest, branch('conv_kxk', 3))
  return net.unary('relu', `${name}.relu`, sum)
}
