import type { Graph, Unary } from '@mobileone/core'
import type { Layers, SqueezeExciteOptions } from '../layers.ts'

/** What a row of blocks has besides its sizes. */
export interface RowOptions {
  /** Channels between the two layers of squeeze-and-excite. Default: none. */
  readonly squeeze?: number
  /** Default: the network's. */
  readonly activation?: Unary['op']
  /** The expansion is two convolutions, each of half of the channels. */
  readonly splitExpansion?: boolean
  /** The projection is. */
  readonly splitProjection?: boolean
}

/**
 * Equal blocks, one after another, of which the first alone has the stride. `kernel` is that of the depthwise convolution, or several,
 * each for an equal share of its channels. `expanded` channels are between the 1x1 convolutions of an inverted residual (Sandler et al.
 * 2018, arXiv 1801.04381); 0 makes a depthwise and a pointwise convolution (Howard et al. 2017, arXiv 1704.04861).
 */
export type Row = readonly [
  count: number,
  kernel: number | readonly number[],
  expanded: number,
  channels: number,
  stride: 1 | 2,
  options?: RowOptions,
]

/** A network of depthwise separable blocks, with timm's names for the weights: `blocks.<stage>.<block>`. */
export interface MobileRecipe {
  readonly family: 'mobile'
  /** Channels of the first convolution, 3x3 with stride 2. */
  readonly stem: number
  readonly activation: Unary['op']
  readonly stages: readonly (readonly Row[])[]
  /** Channels of a last stage of one 1x1 convolution. */
  readonly lastStage?: number
  /** A 1x1 convolution before the mean over the pixels, or after it, without batch normalisation. Default: none. */
  readonly head?: { readonly channels: number; readonly pooled?: boolean }
  /** Default: the network's activation and `sigmoid`. */
  readonly squeezeExcite?: Omit<SqueezeExciteOptions, 'channels'>
  /** An activation after the pointwise convolution of separable blocks, and no skip connections. Default false. */
  readonly isPlain?: boolean
}

/** MobileNetV1-V3, EfficientNet, MNASNet, MixNet, FBNet and TinyNet. */
export function buildMobile(layers: Layers, recipe: MobileRecipe): Graph {
  const { stem, activation, stages, lastStage, head } = recipe
  let value = layers.convNorm('conv_stem', 'bn1', 'image', {
    channels: stem,
    kernel: 3,
    stride: 2,
    activation,
  })
  for (const [stage, rows] of stages.entries()) {
    let index = 0
    for (const row of rows) {
      for (let repeat = 0; repeat < row[0]; repeat++) {
        value = addBlock(layers, `blocks.${stage}.${index++}`, value, recipe, row, repeat === 0 ? row[4] : 1)
      }
    }
  }
  if (lastStage !== undefined) {
    const block = `blocks.${stages.length}.0`
    value = layers.convNorm(`${block}.conv`, `${block}.bn1`, value, { channels: lastStage, activation })
  }
  if (head && !head.pooled) {
    value = layers.convNorm('conv_head', 'bn2', value, { channels: head.channels, activation })
  }
  if (!head?.pooled) return layers.classify('classifier', value)
  const pooled = layers.net.globalAvgPool('global_pool', value)
  return layers.classifyPooled(
    'classifier',
    layers.net.conv('conv_head', pooled, { channels: head.channels, activation }),
  )
}

function addBlock(
  layers: Layers,
  name: string,
  input: string,
  recipe: MobileRecipe,
  [, kernel, expanded, channels, , options = {}]: Row,
  stride: number,
): string {
  const { activation = recipe.activation, squeeze, splitExpansion = false, splitProjection = false } = options
  const { isPlain = false } = recipe
  const pointwise = (isSplit: boolean): number[] => (isSplit ? [1, 1] : [1])
  const isSeparable = expanded === 0
  const norm = (index: number): string => `${name}.bn${isSeparable ? index - 1 : index}`

  let value = input
  if (!isSeparable) {
    value = layers.mixedConvNorm(`${name}.conv_pw`, norm(1), input, {
      channels: expanded,
      kernels: pointwise(splitExpansion),
      activation,
    })
  }
  value = layers.mixedConvNorm(`${name}.conv_dw`, norm(2), value, {
    channels: layers.channels(value),
    kernels: typeof kernel === 'number' ? [kernel] : kernel,
    stride,
    depthwise: true,
    activation,
  })
  if (squeeze !== undefined) {
    const { squeezeExcite = { activation: recipe.activation, gate: 'sigmoid' } } = recipe
    value = layers.squeezeExcite(`${name}.se`, value, { channels: squeeze, ...squeezeExcite })
  }
  value = layers.mixedConvNorm(`${name}.${isSeparable ? 'conv_pw' : 'conv_pwl'}`, norm(3), value, {
    channels,
    kernels: pointwise(splitProjection),
    activation: isPlain ? activation : undefined,
  })
  const hasSkip = !isPlain && stride === 1 && layers.channels(input) === channels
  return hasSkip ? layers.net.add(`${name}.add`, value, input) : value
}
