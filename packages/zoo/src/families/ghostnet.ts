import type { Graph } from '@mobileone/core'
import type { Layers } from '../layers.ts'

/** A ghost bottleneck; `squeeze` as in the rows of the mobile networks. */
export type GhostRow = readonly [
  kernel: number,
  expanded: number,
  channels: number,
  stride: 1 | 2,
  squeeze?: number,
]

/** GhostNet (Han et al. 2020, arXiv 1911.11907): half of the channels are cheap functions of the other half. */
export interface GhostNetRecipe {
  readonly family: 'ghostnet'
  readonly stem: number
  readonly stages: readonly (readonly GhostRow[])[]
  /** Channels of a last stage of one 1x1 convolution. */
  readonly lastStage: number
  /** Channels of the 1x1 convolution after the mean over the pixels. */
  readonly head: number
}

/** With timm's names for the weights: `blocks.<stage>.<block>`. */
export function buildGhostNet(layers: Layers, { stem, stages, lastStage, head }: GhostNetRecipe): Graph {
  const activation = 'relu'
  let value = layers.convNorm('conv_stem', 'bn1', 'image', {
    channels: stem,
    kernel: 3,
    stride: 2,
    activation,
  })
  for (const [stage, rows] of stages.entries()) {
    for (const [index, row] of rows.entries())
      value = addBlock(layers, `blocks.${stage}.${index}`, value, row)
  }
  const last = `blocks.${stages.length}.0`
  value = layers.convNorm(`${last}.conv`, `${last}.bn1`, value, { channels: lastStage, activation })
  const pooled = layers.net.globalAvgPool('global_pool', value)
  return layers.classifyPooled(
    'classifier',
    layers.net.conv('conv_head', pooled, { channels: head, activation }),
  )
}

function addBlock(
  layers: Layers,
  name: string,
  input: string,
  [kernel, expanded, channels, stride, squeeze]: GhostRow,
): string {
  let value = addGhost(layers, `${name}.ghost1`, input, expanded, 'relu')
  if (stride === 2) {
    const depthwise = { channels: expanded, kernel, stride, depthwise: true }
    value = layers.convNorm(`${name}.conv_dw`, `${name}.bn_dw`, value, depthwise)
  }
  if (squeeze !== undefined) {
    const gates = { activation: 'relu', gate: 'hardSigmoid' } as const
    value = layers.squeezeExcite(`${name}.se`, value, { channels: squeeze, ...gates })
  }
  value = addGhost(layers, `${name}.ghost2`, value, channels, undefined)
  return layers.net.add(`${name}.add`, value, addShortcut(layers, name, input, { kernel, channels, stride }))
}

function addGhost(
  layers: Layers,
  name: string,
  input: string,
  channels: number,
  activation: 'relu' | undefined,
): string {
  const half = channels / 2
  const [primary, cheap] = [`${name}.primary_conv`, `${name}.cheap_operation`]
  const own = layers.convNorm(`${primary}.0`, `${primary}.1`, input, { channels: half, activation })
  const ghosts = { channels: half, kernel: 3, depthwise: true, activation }
  return layers.net.concat(name, [own, layers.convNorm(`${cheap}.0`, `${cheap}.1`, own, ghosts)])
}

function addShortcut(
  layers: Layers,
  name: string,
  input: string,
  {
    kernel,
    channels,
    stride,
  }: { readonly kernel: number; readonly channels: number; readonly stride: number },
): string {
  const inChannels = layers.channels(input)
  if (stride === 1 && inChannels === channels) return input
  const [dw, dwNorm, pw, pwNorm] = [0, 1, 2, 3].map((layer) => `${name}.shortcut.${layer}`) as [
    string,
    string,
    string,
    string,
  ]
  const moved = layers.convNorm(dw, dwNorm, input, { channels: inChannels, kernel, stride, depthwise: true })
  return layers.convNorm(pw, pwNorm, moved, { channels })
}
