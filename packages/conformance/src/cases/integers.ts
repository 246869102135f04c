/**
 * The int8 form. An executor that says it computes in integers must give the reference's bits; any other stands for the float32
 * weights. Where layers of float32 come before one in integers, their values are such that sums of any order are exact.
 */
import {
  initialize,
  type Model,
  mobileone,
  type Node,
  type QuantizedTensor,
  quantize,
  type Random,
  random,
  type Tensor,
  type Tensors,
  tensor,
  withBatch,
} from '@mobileone/core'
import type { Context } from '../context.ts'
import type { Definition } from '../definition.ts'
import { convNode, makeModel, normalInputs, pick } from '../make-model.ts'
import { checkTrial, type Trial } from '../trial.ts'

/** One layer: channels in and out, sides, and the rest of its form. */
interface Layer {
  readonly channels: number
  readonly outputs: number
  readonly size: readonly [height: number, width: number]
  readonly batch?: number
  readonly stride?: number
  readonly bias?: boolean
  readonly diagonal?: boolean
  readonly relu?: boolean
  /** Rows whose lanes reach 4 x 127 rather than 258. */
  readonly wide?: boolean
}

const layers: readonly Layer[] = [
  { channels: 8, outputs: 8, size: [1, 1], bias: true },
  { channels: 16, outputs: 8, size: [4, 5], bias: true, relu: true },
  { channels: 16, outputs: 16, size: [7, 7], bias: true, diagonal: true, relu: true },
  { channels: 1, outputs: 1, size: [3, 3], diagonal: true },
  { channels: 3, outputs: 5, size: [3, 11], batch: 2, relu: true },
  { channels: 13, outputs: 13, size: [5, 3], batch: 2, bias: true, diagonal: true },
  { channels: 9, outputs: 17, size: [9, 8], stride: 2, bias: true, relu: true },
  { channels: 24, outputs: 40, size: [6, 7], stride: 2, batch: 2 },
  { channels: 31, outputs: 33, size: [5, 5], bias: true, wide: true },
  { channels: 48, outputs: 128, size: [10, 10], bias: true, relu: true },
  { channels: 130, outputs: 20, size: [4, 4], bias: true, wide: true, relu: true },
  { channels: 264, outputs: 264, size: [2, 3], bias: true, diagonal: true, relu: true },
  { channels: 1100, outputs: 9, size: [1, 3], bias: true, wide: true },
]

const exact = { int8Tolerance: 0 } as const

const networkOps: Definition['ops'] = [
  'conv2d',
  'relu',
  'globalAvgPool',
  'flatten',
  'linear',
  'sigmoid',
  'mul',
]

/** Cases of layers in integers, then of networks with them. */
export const integerCases: readonly Definition[] = [
  {
    name: 'int8 form: single layers, bit for bit',
    ops: ['conv2d', 'relu'],
    trials: () => layers.map((layer, index) => layerTrial(layer, 700_000 + index)),
  },
  {
    name: 'int8 form: inputs of every level, halves between them, and beyond both ends',
    ops: ['conv2d', 'relu'],
    trials: () => [levelsTrial(16, 8, 710_000), levelsTrial(5, 5, 710_001)],
  },
  {
    name: 'int8 form: NaN and infinity',
    ops: ['conv2d'],
    run: checkSpecialValues,
  },
  {
    name: 'int8 form: behind layers in float32, bit for bit',
    ops: ['conv2d', 'relu', 'add', 'globalAvgPool', 'flatten', 'linear'],
    trials: () => Array.from({ length: 6 }, (_, index) => chainTrial(720_000 + index)),
  },
  {
    name: 'int8 form: one value read in steps of several layers',
    ops: ['conv2d', 'relu', 'add'],
    trials: () => [sharedTrial(730_000), sharedTrial(730_001)],
  },
  { name: 'int8 form: MobileOne, quantised', ops: networkOps, run: checkNetworks },
]

/** Weights of integers that every lane of the fastest kernels can sum, or not. */
function integerWeightOf(
  {
    channels,
    outputs,
    diagonal = false,
    wide = false,
  }: Pick<Layer, 'channels' | 'outputs' | 'diagonal' | 'wide'>,
  source: Random,
): QuantizedTensor {
  const most = wide ? 127 : 64
  const data = Int8Array.from({ length: outputs * channels }, () => source.integer(-most, most))
  if (wide) data.fill(127, 0, channels).fill(-127, channels, 2 * channels)
  const positive = (): number => 0.002 + 0.02 * source.next()
  return {
    dtype: 'int8',
    shape: [outputs, channels, 1, 1],
    data,
    scales: Float32Array.from({ length: outputs }, positive),
    ...(diagonal && { diagonal: Float32Array.from({ length: outputs }, () => 3 * source.normal()) }),
    inputSteps: Float32Array.from({ length: channels }, positive),
  }
}

function layerModel(layer: Layer, weight: QuantizedTensor, source: Random): Model {
  const { channels, outputs, size, batch = 1, stride = 1, bias = false, relu = false } = layer
  const nodes: readonly Node[] = [
    convNode('y', 'x', { stride: [stride, stride], ...(!bias && { bias: false }) }),
    ...(relu ? [{ op: 'relu', name: 'z', inputs: ['y'] } as const] : []),
  ]
  const made = makeModel(
    {
      name: 'layer in int8',
      inputs: { x: [batch, channels, ...size] },
      nodes,
      weights: { 'y.weight': weight.shape, ...(bias && { 'y.bias': [outputs] }) },
    },
    source,
  )
  return { ...made, weights: { ...made.weights, 'y.weight': weight } }
}

function layerTrial(layer: Layer, seed: number): Trial {
  const source = random(seed)
  const weight = integerWeightOf(layer, source)
  const model = layerModel(layer, weight, source)
  const inputs = { x: stepsTensor(model, weight, () => source.integer(0, 127) + 0.8 * (source.next() - 0.5)) }
  return { seed, parameters: { ...layer }, model, inputs, ...exact }
}

/** The input `x` of `model`: so many steps of its channel. */
function stepsTensor(model: Model, { inputSteps }: QuantizedTensor, draw: (index: number) => number): Tensor {
  const { shape } = model.inputs.x as Tensor
  const [, channels = 1, height = 1, width = 1] = shape
  const x = tensor(shape)
  for (let index = 0; index < x.data.length; index++) {
    const channel = Math.floor(index / (height * width)) % channels
    x.data[index] = draw(index) * (inputSteps?.[channel] as number)
  }
  return x
}

/** Steps are powers of two, so that halves are exact. */
function levelsTrial(channels: number, outputs: number, seed: number): Trial {
  const source = random(seed)
  const layer: Layer = { channels, outputs, size: [18, 15], bias: true, diagonal: channels === outputs }
  const weight = integerWeightOf(layer, source)
  const powers = { ...weight, inputSteps: weight.inputSteps?.map((_, channel) => 2 ** ((channel % 9) - 6)) }
  const model = layerModel(layer, powers as QuantizedTensor, source)
  const inputs = { x: stepsTensor(model, powers as QuantizedTensor, (index) => (index % 270) / 2 - 3) }
  return { seed, parameters: { ...layer }, model, inputs, ...exact }
}

/** NaN and minus infinity are level 0, infinity and whatever is too large 127. Without integers the cases of float32 tell. */
async function checkSpecialValues(context: Context): Promise<void> {
  const source = random(740_000)
  const layer: Layer = { channels: 11, outputs: 11, size: [3, 7], bias: true, diagonal: true }
  const weight = integerWeightOf(layer, source)
  const model = layerModel(layer, weight, source)
  const executor = await context.backend.compile(model)
  await executor.dispose()
  if (executor.precision !== 'int8') return
  const special = [Number.NaN, Infinity, -Infinity, 3e38, -3e38, 1e-45, -1e-45, -0, 2 ** 31, -(2 ** 31), 1e10]
  const x = stepsTensor(model, weight, () => source.integer(0, 127))
  for (let index = 0; index < x.data.length; index += 3) x.data[index] = pick(source, special)
  await checkTrial(context, {
    seed: 740_000,
    parameters: { ...layer, special },
    model,
    inputs: { x },
    ...exact,
  })
}

/**
 * Stem, then pairs of a depthwise convolution and a layer in integers with skips around them, pool and an int8 head. Weights of
 * float32 layers are small whole numbers, scales and steps powers of two: every sum is exact in float32.
 */
function chainTrial(seed: number): Trial {
  const source = random(seed)
  const batch = source.integer(1, 2)
  const blocks = source.integer(1, 3)
  let channels = pick(source, [5, 8, 13, 16])
  const nodes: Node[] = [
    convNode('stem', 'x', { stride: [2, 2], padding: [1, 1] }),
    { op: 'relu', name: 'stem.relu', inputs: ['stem'] },
  ]
  const weights: Record<string, Tensor | QuantizedTensor> = {
    'stem.weight': wholeTensor([channels, 3, 3, 3], 1, source),
    'stem.bias': wholeTensor([channels], 4, source),
  }
  let last = 'stem.relu'
  for (let block = 0; block < blocks; block++) {
    const [depthwise, pointwise] = [`depthwise${block}`, `pointwise${block}`]
    const stride = source.integer(1, 2)
    const outputs = pick(source, [channels, channels, 12, 24])
    nodes.push(
      convNode(depthwise, last, { groups: channels, stride: [stride, stride], padding: [1, 1] }),
      { op: 'relu', name: `${depthwise}.relu`, inputs: [depthwise] },
      convNode(pointwise, `${depthwise}.relu`),
    )
    weights[`${depthwise}.weight`] = wholeTensor([channels, 1, 3, 3], 1, source)
    weights[`${depthwise}.bias`] = wholeTensor([channels], 2, source)
    weights[`${pointwise}.weight`] = powerWeight(channels, outputs, source)
    weights[`${pointwise}.bias`] = wholeTensor([outputs], 8, source)
    let made = pointwise
    if (stride === 1 && outputs === channels && source.next() < 0.5) {
      nodes.push({ op: 'add', name: `add${block}`, inputs: [pointwise, last] })
      made = `add${block}`
    }
    last = `relu${block}`
    nodes.push({ op: 'relu', name: last, inputs: [made] })
    channels = outputs
  }
  nodes.push(
    { op: 'globalAvgPool', name: 'pool', inputs: [last] },
    { op: 'flatten', name: 'flat', inputs: ['pool'] },
    { op: 'linear', name: 'y', inputs: ['flat'], weight: 'y.weight', bias: 'y.bias' },
  )
  const head = Int8Array.from({ length: 6 * channels }, () => source.integer(-3, 3))
  weights['y.weight'] = {
    dtype: 'int8',
    shape: [6, channels],
    data: head,
    scales: new Float32Array(6).fill(0.5),
  }
  weights['y.bias'] = wholeTensor([6], 3, source)
  const shapes = { x: [batch, 3, 16, 16] }
  const model: Model = {
    ...makeModel({ name: 'chain', inputs: shapes, nodes, outputs: { y: 'y', map: last } }),
    weights,
  }
  const inputs = { x: wholeTensor(shapes.x, 3, source) }
  return { seed, parameters: { batch, blocks }, model, inputs, ...exact }
}

function wholeTensor(shape: readonly number[], most: number, source: Random): Tensor {
  const made = tensor(shape)
  for (let index = 0; index < made.data.length; index++) made.data[index] = source.integer(-most, most)
  return made
}

/** Results are multiples of 1/16 below 2^8 and so take a few bits. */
function powerWeight(channels: number, outputs: number, source: Random): QuantizedTensor {
  return {
    dtype: 'int8',
    shape: [outputs, channels, 1, 1],
    data: Int8Array.from({ length: outputs * channels }, () => source.integer(-15, 15)),
    scales: Float32Array.from({ length: outputs }, () => 2 ** source.integer(-4, -3)),
    ...(channels === outputs && {
      diagonal: Float32Array.from({ length: outputs }, () => source.integer(-8, 8) / 4),
    }),
    inputSteps: Float32Array.from({ length: channels }, () => 2 ** source.integer(-2, 2)),
  }
}

/** Two layers with different steps, a depthwise and an addition read one value. */
function sharedTrial(seed: number): Trial {
  const source = random(seed)
  const channels = pick(source, [9, 16])
  const nodes: readonly Node[] = [
    { op: 'relu', name: 'r', inputs: ['x'] },
    convNode('a', 'r'),
    convNode('b', 'r'),
    convNode('c', 'r', { groups: channels, padding: [1, 1] }),
    { op: 'add', name: 'ab', inputs: ['a', 'b'] },
    { op: 'add', name: 'abr', inputs: ['ab', 'r'] },
    { op: 'add', name: 'y', inputs: ['abr', 'c'] },
  ]
  const model: Model = {
    ...makeModel({ name: 'shared', inputs: { x: [2, channels, 5, 6] }, nodes, outputs: { y: 'y' } }),
    weights: {
      'a.weight': powerWeight(channels, channels, source),
      'a.bias': wholeTensor([channels], 8, source),
      'b.weight': powerWeight(channels, channels, source),
      'b.bias': wholeTensor([channels], 8, source),
      'c.weight': wholeTensor([channels, 1, 3, 3], 2, source),
      'c.bias': wholeTensor([channels], 8, source),
    },
  }
  return {
    seed,
    parameters: { channels },
    model,
    inputs: { x: wholeTensor([2, channels, 5, 6], 20, source) },
    ...exact,
  }
}

/** Networks as `quantize` makes them, at the batch of the samples and at another. */
async function checkNetworks(context: Context): Promise<void> {
  for (const seed of [1, 2]) {
    const graph = mobileone(
      {
        name: 'quantised',
        input: { channels: 3, size: [33, 29] },
        stem: { channels: 12, stride: 2, branches: 1 },
        stages: [
          { blocks: 2, channels: 20, stride: 2, branches: 1, squeezeExcite: 0 },
          { blocks: 2, channels: 36, stride: 2, branches: 1, squeezeExcite: seed - 1 },
        ],
        classes: 10,
      },
      { form: 'deploy' },
    )
    const float = initialize(graph, { seed, statistics: 'random' })
    const source = random(seed)
    const samples: readonly Tensors[] = Array.from({ length: 4 }, () => normalInputs(float, source))
    const { model } = await quantize(float, { samples })
    for (const batch of [1, 2]) {
      const sized = withBatch(model, batch)
      await checkTrial(context, {
        seed,
        parameters: { batch },
        model: sized,
        inputs: normalInputs(sized, source),
      })
    }
  }
}
