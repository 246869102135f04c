import type { Graph } from '@mobileone/core'
import type { Layers } from '../layers.ts'

/** A residual network (He et al. 2016, arXiv 1512.03385), its stride in the 3x3 convolution. */
export interface ResNetRecipe {
  readonly family: 'resnet'
  /** `basic`: two 3x3 convolutions. `bottleneck`: 1x1, 3x3 and 1x1 to four times the channels. */
  readonly block: 'basic' | 'bottleneck'
  /** Blocks of the four stages of 64, 128, 256 and 512 channels. */
  readonly stages: readonly [number, number, number, number]
}

/** With the names of torchvision and timm for the weights: `layer<stage>.<block>`. */
export function buildResNet(layers: Layers, { block, stages }: ResNetRecipe): Graph {
  const stem = { channels: 64, kernel: 7, stride: 2, activation: 'relu' } as const
  let value = layers.convNorm('conv1', 'bn1', 'image', stem)
  value = layers.net.maxPool('maxpool', value, { kernel: 3, stride: 2, padding: 1 })
  for (const [stage, blocks] of stages.entries()) {
    for (let index = 0; index < blocks; index++) {
      const stride = stage > 0 && index === 0 ? 2 : 1
      value = addBlock(layers, `layer${stage + 1}.${index}`, value, block, 64 * 2 ** stage, stride)
    }
  }
  return layers.classify('fc', value)
}

function addBlock(
  layers: Layers,
  name: string,
  input: string,
  block: ResNetRecipe['block'],
  width: number,
  stride: number,
): string {
  const channels = block === 'basic' ? width : 4 * width
  const rows: (readonly [channels: number, kernel: number, stride: number])[] =
    block === 'basic'
      ? [
          [width, 3, stride],
          [width, 3, 1],
        ]
      : [
          [width, 1, 1],
          [width, 3, stride],
          [channels, 1, 1],
        ]
  let value = input
  for (const [index, [size, kernel, step]] of rows.entries()) {
    value = layers.convNorm(`${name}.conv${index + 1}`, `${name}.bn${index + 1}`, value, {
      channels: size,
      kernel,
      stride: step,
      activation: index < rows.length - 1 ? 'relu' : undefined,
    })
  }
  const isSame = stride === 1 && layers.channels(input) === channels
  const shortcut = isSame
    ? input
    : layers.convNorm(`${name}.downsample.0`, `${name}.downsample.1`, input, { channels, stride })
  return layers.net.unary('relu', `${name}.relu`, layers.net.add(`${name}.add`, value, shortcut))
}
