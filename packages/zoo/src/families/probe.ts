import type { Graph } from '@mobileone/core'
import { NetworkBuilder } from '@mobileone/core/network-builder'
import { dynamicRelu, dynamicShiftMax } from './dynamic-activations.ts'

/** `dense`: 3x3 convolutions. `separable`: depthwise 3x3 and 1x1 in turn, as in MobileOne. */
export type ProbeLayout = 'dense' | 'separable'

/** The activations of Table 2 of the paper, all but the first convolution of a probe have one of them. */
export type ProbeActivation =
  | 'relu'
  | 'gelu'
  | 'silu'
  | 'se_relu'
  | 'dynamic_relu_a'
  | 'dynamic_relu_b'
  | 'dynamic_shift_max'

/** How a probe is to be built. */
export interface ProbeOptions {
  /** `act(conv(x) + x)` wherever the shape stays the same. Default false. */
  readonly skip?: boolean | undefined
  /** Default 1000. */
  readonly classes?: number | undefined
  /** Default 224 x 224. */
  readonly size?: readonly [height: number, width: number] | undefined
}

interface Row {
  readonly channels: number
  readonly kernel: number
  readonly stride: number
  readonly depthwise: boolean
}

const layouts: Readonly<Record<ProbeLayout, readonly Row[]>> = {
  dense: [row(32, 3, 2), ...stages([32, 5], [64, 8], [128, 9], [256, 6]).map(([c, s]) => row(c, 3, s))],
  separable: [
    row(48, 3, 2),
    ...stages([64, 2], [128, 4], [256, 6], [512, 2]).flatMap(([channels, stride]) => [
      row(0, 3, stride, true),
      row(channels, 1, 1),
    ]),
  ],
}

function row(channels: number, kernel: number, stride: number, depthwise = false): Row {
  return { channels, kernel, stride, depthwise }
}

/** Channels and stride of each block; the first of a stage halves the map. */
function stages(
  ...all: readonly (readonly [channels: number, blocks: number])[]
): readonly (readonly [channels: number, stride: number])[] {
  return all.flatMap(([channels, blocks]) =>
    Array.from({ length: blocks }, (_, index) => [channels, index === 0 ? 2 : 1] as const),
  )
}

/**
 * A network of 30 layers, 29 convolutions and a linear one, that differs from others of its layout in what follows the convolutions alone:
 * what the paper measures in Tables 2 and 3 (arXiv 2206.04040). It is in inference form, without batch normalisation; the paper states neither
 * widths nor resolution, so these are the project's own. Input `image` [1, 3, height, width], output `logits` [1, classes], weights `conv.<i>`,
 * the gates' `act.<i>`, `head`. The first convolution has ReLU in each.
 * @throws MobileOneError `invalid-model` for sizes that fit no network.
 */
export function probeNetwork(
  layout: ProbeLayout,
  activation: ProbeActivation,
  options: ProbeOptions = {},
): Graph {
  const { skip = false, classes = 1000, size = [224, 224] } = options
  const name = `probe_${layout}_${activation}${skip ? '_skip' : ''}`
  const net = new NetworkBuilder({ name, inputs: { image: [1, 3, ...size] } })
  let value = 'image'
  for (const [index, { channels, kernel, stride, depthwise }] of layouts[layout].entries()) {
    const inputs = net.shape(value)[1] as number
    const outputs = depthwise ? inputs : channels
    const groups = depthwise ? inputs : 1
    let next = net.conv(`conv.${index}`, value, { channels: outputs, kernel, stride, groups })
    if (skip && stride === 1 && outputs === inputs) next = net.add(`skip.${index}`, next, value)
    value = activate(net, `act.${index}`, next, index === 0 ? 'relu' : activation)
  }
  const pooled = net.flatten('flatten', net.globalAvgPool('pool', value))
  return net.build({ logits: net.linear('head', pooled, { features: classes }) })
}

function activate(net: NetworkBuilder, name: string, input: string, activation: ProbeActivation): string {
  switch (activation) {
    case 'relu':
    case 'gelu':
    case 'silu':
      return net.unary(activation, name, input)
    case 'se_relu': {
      const channels = net.shape(input)[1] as number
      const squeezed = Math.max(1, Math.floor(channels / 16))
      const pooled = net.globalAvgPool(`${name}.0.pool`, input)
      const reduced = net.conv(`${name}.0.fc1`, pooled, { channels: squeezed, activation: 'relu' })
      const gate = net.conv(`${name}.0.fc2`, reduced, { channels, activation: 'sigmoid' })
      return net.unary('relu', name, net.mul(`${name}.0`, input, gate))
    }
    case 'dynamic_relu_a':
      return dynamicRelu(net, name, input, { shared: true })
    case 'dynamic_relu_b':
      return dynamicRelu(net, name, input, { shared: false })
    case 'dynamic_shift_max':
      return dynamicShiftMax(net, name, input)
    default:
      return activation satisfies never
  }
}
