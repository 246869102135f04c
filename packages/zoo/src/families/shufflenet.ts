import type { Graph } from '@mobileone/core'
import type { Layers } from '../layers.ts'

/** ShuffleNetV2 (Ma et al. 2018, arXiv 1807.11164): half of the channels pass a block as they are, then all are shuffled. */
export interface ShuffleNetRecipe {
  readonly family: 'shufflenet'
  /** Channels of the stages, of 4, 8 and 4 blocks; the first of each has stride 2. */
  readonly channels: readonly [number, number, number]
  /** Channels of the 1x1 convolution before the mean over the pixels. */
  readonly head: number
}

const blocks = [4, 8, 4] as const
const activation = 'relu'

/** With torchvision's names for the weights: `stage<stage>.<block>`. */
export function buildShuffleNet(layers: Layers, { channels, head }: ShuffleNetRecipe): Graph {
  const stem = { channels: 24, kernel: 3, stride: 2, activation } as const
  let value = layers.convNorm('conv1.0', 'conv1.1', 'image', stem)
  value = layers.net.maxPool('maxpool', value, { kernel: 3, stride: 2, padding: 1 })
  for (const [stage, count] of blocks.entries()) {
    for (let block = 0; block < count; block++) {
      value = addBlock(
        layers,
        `stage${stage + 2}.${block}`,
        value,
        (channels[stage] as number) / 2,
        block === 0,
      )
    }
  }
  value = layers.convNorm('conv5.0', 'conv5.1', value, { channels: head, activation })
  return layers.classify('fc', value)
}

/** Of `half` channels a branch; halving the sides where `isFirst`, and then both branches have layers. */
function addBlock(layers: Layers, name: string, input: string, half: number, isFirst: boolean): string {
  const { net } = layers
  const stride = isFirst ? 2 : 1
  const first = isFirst
    ? addShort(layers, `${name}.branch1`, input, half)
    : net.slice(`${name}.kept`, input, { start: 0, end: half })
  const from = isFirst ? input : net.slice(`${name}.taken`, input, { start: half, end: 2 * half })

  const branch = `${name}.branch2`
  let value = layers.convNorm(`${branch}.0`, `${branch}.1`, from, { channels: half, activation })
  value = layers.convNorm(`${branch}.3`, `${branch}.4`, value, {
    channels: half,
    kernel: 3,
    stride,
    depthwise: true,
  })
  value = layers.convNorm(`${branch}.5`, `${branch}.6`, value, { channels: half, activation })
  return net.channelShuffle(`${name}.shuffle`, net.concat(name, [first, value]), 2)
}

function addShort(layers: Layers, branch: string, input: string, half: number): string {
  const depthwise = { channels: layers.channels(input), kernel: 3, stride: 2, depthwise: true }
  const value = layers.convNorm(`${branch}.0`, `${branch}.1`, input, depthwise)
  return layers.convNorm(`${branch}.2`, `${branch}.3`, value, { channels: half, activation })
}
