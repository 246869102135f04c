import type { Graph } from '@mobileone/core'
import type { Layers } from '../layers.ts'
import { addMap, addTokens, addTransformer } from './transformer.ts'

/** MobileViT (Mehta and Rastegari 2022, arXiv 2110.02178): inverted residuals, and in the last three stages a transformer. */
export interface MobileVitRecipe {
  readonly family: 'mobilevit'
  /** Expansion of the inverted residuals. */
  readonly expansion: number
  /** Stages of inverted residuals alone: channels, stride of the first, and how many. */
  readonly stages: readonly (readonly [channels: number, stride: 1 | 2, count: number])[]
  /** Stages of one inverted residual of stride 2 and a transformer on tokens of `features`. */
  readonly transformers: readonly (readonly [channels: number, features: number, blocks: number])[]
  /** Channels of the 1x1 convolution before the mean over the pixels. */
  readonly head: number
}

const activation = 'silu'
const epsilon = 1e-5

/** With timm's names for the weights: `stages.<stage>.<block>`. */
export function buildMobileVit(layers: Layers, recipe: MobileVitRecipe): Graph {
  let value = addConv(layers, 'stem', 'image', { channels: 16, kernel: 3, stride: 2, activation })
  for (const [stage, [channels, stride, count]] of recipe.stages.entries()) {
    for (let block = 0; block < count; block++) {
      const name = `stages.${stage}.${block}`
      value = addResidual(layers, name, value, channels, block === 0 ? stride : 1, recipe.expansion)
    }
  }
  for (const [index, [channels, features, blocks]] of recipe.transformers.entries()) {
    const stage = `stages.${recipe.stages.length + index}`
    value = addResidual(layers, `${stage}.0`, value, channels, 2, recipe.expansion)
    value = addTransformerBlock(layers, `${stage}.1`, value, features, blocks)
  }
  value = addConv(layers, 'final_conv', value, { channels: recipe.head, activation })
  return layers.classify('head.fc', value)
}

function addConv(
  layers: Layers,
  name: string,
  input: string,
  options: Parameters<Layers['convNorm']>[3],
): string {
  return layers.convNorm(`${name}.conv`, `${name}.bn`, input, options)
}

function addResidual(
  layers: Layers,
  name: string,
  input: string,
  channels: number,
  stride: number,
  expansion: number,
): string {
  const inChannels = layers.channels(input)
  const middle = { channels: expansion * inChannels, activation } as const
  let value = addConv(layers, `${name}.conv1_1x1`, input, middle)
  value = addConv(layers, `${name}.conv2_kxk`, value, { ...middle, kernel: 3, stride, depthwise: true })
  value = addConv(layers, `${name}.conv3_1x1`, value, { channels })
  return stride === 1 && inChannels === channels ? layers.net.add(`${name}.add`, value, input) : value
}

/** Pixels at one place of every 2x2 square look at each other. Maps of odd sides are resized for that. */
function addTransformerBlock(
  layers: Layers,
  name: string,
  input: string,
  features: number,
  blocks: number,
): string {
  const { net } = layers
  const [, channels = 1, height = 1, width = 1] = net.shape(input)
  let value = addConv(layers, `${name}.conv_kxk`, input, { channels, kernel: 3, activation })
  value = net.conv(`${name}.conv_1x1`, value, { channels: features, bias: false })
  const even = [2 * Math.ceil(height / 2), 2 * Math.ceil(width / 2)] as const
  const isOdd = even[0] !== height || even[1] !== width
  if (isOdd) value = net.upsample(`${name}.even`, value, { mode: 'bilinear', size: even })
  value = addSequences(layers, name, value)
  value = addTransformer(layers, `${name}.transformer`, value, {
    blocks,
    heads: 4,
    expansion: 2,
    activation,
    epsilon,
  })
  value = addSquares(layers, name, net.layerNorm(`${name}.norm`, value, { epsilon }), even)
  if (isOdd) value = net.upsample(`${name}.odd`, value, { mode: 'bilinear', size: [height, width] })
  value = addConv(layers, `${name}.conv_proj`, value, { channels, activation })
  const both = net.concat(`${name}.both`, [input, value])
  return addConv(layers, `${name}.conv_fusion`, both, { channels, kernel: 3, activation })
}

/** [N, C, 2 h, 2 w] to four sequences an image, one a place in a square: [4 N, h w, C]. */
function addSequences(layers: Layers, name: string, map: string): string {
  const { net } = layers
  const [, channels = 1, height = 1, width = 1] = net.shape(map)
  const [rows, columns] = [height / 2, width / 2]
  const pixels = addTokens(layers, name, map)
  const inRows = net.reshape(`${name}.squares.rows`, pixels, [0, rows, 2, width * channels])
  const byRow = net.transpose(`${name}.squares.by_row`, inRows, [0, 2, 1, 3])
  const inColumns = net.reshape(`${name}.squares.columns`, byRow, [0, height * columns, 2, channels])
  const byColumn = net.transpose(`${name}.squares.by_column`, inColumns, [0, 2, 1, 3])
  return net.reshape(`${name}.squares`, byColumn, [-1, rows * columns, channels])
}

/** The inverse of {@link addSequences}. */
function addSquares(
  layers: Layers,
  name: string,
  sequences: string,
  [height, width]: readonly [height: number, width: number],
): string {
  const { net } = layers
  const channels = net.shape(sequences)[2] as number
  const [rows, columns] = [height / 2, width / 2]
  const byColumn = net.reshape(`${name}.pixels.by_column`, sequences, [-1, 2, height * columns, channels])
  const inColumns = net.transpose(`${name}.pixels.columns`, byColumn, [0, 2, 1, 3])
  const byRow = net.reshape(`${name}.pixels.by_row`, inColumns, [0, 2, rows, width * channels])
  const inRows = net.transpose(`${name}.pixels.rows`, byRow, [0, 2, 1, 3])
  const pixels = net.reshape(`${name}.pixels`, inRows, [0, height * width, channels])
  return addMap(layers, name, pixels, [height, width])
}
