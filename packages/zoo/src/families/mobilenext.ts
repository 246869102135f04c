import type { Graph } from '@mobileone/core'
import type { Layers } from '../layers.ts'

/** MobileNeXt (Zhou et al. 2020, arXiv 2007.02269): sandglass blocks, as in yitu-opensource/MobileNeXt, `mnext.py`. */
export interface MobileNeXtRecipe {
  readonly family: 'mobilenext'
  /** Multiplies all channels, which are then rounded to multiples of 8. */
  readonly width: number
  /** Reduction t, output channels c at width 1, blocks n, stride s of the first. */
  readonly rows: readonly (readonly [reduction: number, channels: number, blocks: number, stride: 1 | 2])[]
}

/** With the repository's names for the weights: `features.<block>.conv.<layer>`. */
export function buildMobileNeXt(layers: Layers, { width, rows }: MobileNeXtRecipe): Graph {
  let value = layers.convNorm('features.0.0', 'features.0.1', 'image', {
    channels: divisible(32 * width, 8),
    kernel: 3,
    stride: 2,
    activation: 'relu6',
  })
  let index = 1
  for (const [reduction, base, blocks, stride] of rows) {
    const channels = divisible(base * width, 8)
    for (let block = 0; block < blocks; block++) {
      const isLone = blocks === 1 && stride === 1
      const geometry = { reduction, channels, stride: block === 0 ? stride : 1, isLone }
      value = addSandglass(layers, `features.${index++}`, value, geometry)
    }
  }
  return layers.classify('classifier.1', value)
}

interface Sandglass {
  readonly reduction: number
  readonly channels: number
  readonly stride: number
  /** The only block of its row, of stride 1: whole although its channels change, and without a skip connection. */
  readonly isLone: boolean
}

/** Depthwise 3x3, 1x1 down, 1x1 up, depthwise 3x3; where the channels change within a row, without the first or both of the 3x3. */
function addSandglass(layers: Layers, name: string, input: string, block: Sandglass): string {
  const { reduction, channels, stride, isLone } = block
  const inChannels = layers.channels(input)
  const squeezed = Math.floor(inChannels / reduction)
  const hidden = squeezed < channels / 6 ? divisible(Math.ceil(channels / 6), 16) : squeezed
  const isShort = reduction !== 2 && inChannels !== channels && !isLone

  let value = input
  let layer = 0
  const add = (options: Parameters<Layers['convNorm']>[3]): void => {
    const [conv, norm] = [`${name}.conv.${layer}`, `${name}.conv.${layer + 1}`]
    value = layers.convNorm(conv, norm, value, options)
    layer += options.activation ? 3 : 2
  }
  if (!isShort) add({ channels: inChannels, kernel: 3, depthwise: true, activation: 'relu6' })
  add({ channels: hidden })
  add({ channels, activation: 'relu6' })
  if (!isShort || stride === 2) add({ channels, kernel: 3, stride, depthwise: true })
  const hasSkip = reduction !== 2 && !isShort && !isLone
  return hasSkip ? layers.net.add(`${name}.add`, value, input) : value
}

/** The multiple of `divisor` next to `value` that is not below 90 % of it (Sandler et al. 2018, the released code). */
function divisible(value: number, divisor: number): number {
  const rounded = Math.max(divisor, Math.floor((value + divisor / 2) / divisor) * divisor)
  return rounded < 0.9 * value ? rounded + divisor : rounded
}
