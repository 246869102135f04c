import { initialize, type Model, mobileone, type Variant, variants } from '@mobileone/core'
import { NetworkBuilder } from '@mobileone/core/network-builder'

/** A network to time, and what it is called on the page. */
export interface Contender {
  readonly label: string
  readonly model: Model
}

const withRandomWeights = (net: NetworkBuilder, value: string): Model =>
  initialize(net.build({ y: value }), { seed: 1, statistics: 'random' })

/** Blocks in a row, enough to see a difference. */
const pairs = 4

/** The same four depthwise + pointwise pairs, folded and as trained with k branches each. */
export function branchContenders(): Contender[] {
  const build = (form: 'train' | 'deploy', branches: number): Model => {
    const channels = 64
    const net = new NetworkBuilder({ name: `${form}-${branches}`, inputs: { x: [1, channels, 28, 28] } })
    let value = 'x'
    for (let pair = 0; pair < pairs; pair++) {
      const shared = { channels, branches, form }
      value = net.block(`depthwise${pair}`, value, { ...shared, kernel: 3, groups: channels })
      value = net.block(`pointwise${pair}`, value, { ...shared, kernel: 1 })
    }
    return withRandomWeights(net, value)
  }
  return [
    { label: 'folded', model: build('deploy', 1) },
    ...[1, 2, 3, 4].map((k) => ({ label: `k = ${k}`, model: build('train', k) })),
  ]
}

/** As many multiply-adds of 64 channels: in one dense layer, in many small depthwise layers and in few large ones. */
export function arithmeticContenders(): Contender[] {
  const channels = 64
  const build = (layers: number, size: number, groups: number): Model => {
    const net = new NetworkBuilder({ name: 'same-arithmetic', inputs: { x: [1, channels, size, size] } })
    let value = 'x'
    for (let index = 0; index < layers; index++) {
      value = net.conv(`conv${index}`, value, { channels, kernel: 3, groups })
    }
    return withRandomWeights(net, value)
  }
  return [
    { label: '1 dense, 28 x 28', model: build(1, 28, 1) },
    { label: '64 depthwise, 28 x 28', model: build(64, 28, channels) },
    { label: '4 depthwise, 112 x 112', model: build(4, 112, channels) },
  ]
}

/** Layers of the network whose parts are exchanged, as many as in Table 2 of the paper. */
const depth = 30

/** A plain network of 30 convolutions and the same with another activation, squeeze-and-excite or skip connections. */
export function designContenders(): Contender[] {
  const channels = 24
  const build = (
    name: string,
    after: (net: NetworkBuilder, layer: string, before: string) => string,
  ): Model => {
    const net = new NetworkBuilder({ name, inputs: { x: [1, channels, 28, 28] } })
    let value = 'x'
    for (let index = 0; index < depth; index++) {
      value = after(net, net.conv(`conv${index}`, value, { channels, kernel: 3 }), value)
    }
    return withRandomWeights(net, value)
  }
  const activation = (op: 'relu' | 'gelu' | 'silu'): Model =>
    build(op, (net, layer) => net.unary(op, `${layer}.${op}`, layer))
  const squeezed = build('se-relu', (net, layer) => {
    const pooled = net.globalAvgPool(`${layer}.pool`, layer)
    const reduced = net.conv(`${layer}.reduce`, pooled, { channels: 6, activation: 'relu' })
    const gate = net.conv(`${layer}.expand`, reduced, { channels, activation: 'sigmoid' })
    return net.unary('relu', `${layer}.relu`, net.mul(`${layer}.scaled`, layer, gate))
  })
  const skipped = build('skip', (net, layer, before) =>
    net.unary('relu', `${layer}.relu`, net.add(`${layer}.sum`, layer, before)),
  )
  return [
    { label: 'ReLU', model: activation('relu') },
    { label: 'GELU', model: activation('gelu') },
    { label: 'SiLU', model: activation('silu') },
    { label: 'ReLU, skip connections', model: skipped },
    { label: 'ReLU, squeeze-and-excite', model: squeezed },
  ]
}

/** One of S0 to S4, folded, with random weights: what they are does not change how long a run takes. */
export function variantContender(variant: Variant): Contender {
  const graph = mobileone(variants[variant], { form: 'deploy' })
  return { label: variant.toUpperCase(), model: initialize(graph, { seed: 1 }) }
}
