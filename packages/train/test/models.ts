import { batchNormNode, batchNormWeights, convNode, makeModel } from '@mobileone/conformance'
import {
  initialize,
  type MobileOneConfig,
  type Model,
  mobileone,
  type Node,
  random,
  validate,
} from '@mobileone/core'
import type { Batch } from '../src/data/batch.ts'

export function tinyConfig(branches: number, squeezeExcite = 0, channels = 1): MobileOneConfig {
  return {
    name: `tiny-k${branches}`,
    input: { channels, size: [8, 6] },
    stem: { channels: 6, stride: 1, branches },
    stages: [
      { blocks: 2, channels: 6, stride: 2, branches, squeezeExcite },
      { blocks: 1, channels: 10, stride: 1, branches, squeezeExcite: 0 },
    ],
    classes: 3,
  }
}

/** A small network in train form, its weights and statistics random. */
export function tinyModel(branches: number, squeezeExcite = 0, channels = 1): Model {
  return initialize(mobileone(tinyConfig(branches, squeezeExcite, channels), { form: 'train' }), {
    seed: 7,
    statistics: 'random',
  })
}

/** A pyramid: pooled maps resized, joined and parted, and the functions with corners. */
export function pyramid(): Model {
  const nodes: Node[] = [
    convNode('a', 'image', { bias: false, padding: [1, 1] }),
    batchNormNode('a.bn', 'a'),
    { op: 'hardSwish', name: 'a.act', inputs: ['a.bn'] },
    { op: 'maxPool', name: 'small', inputs: ['a.act'], kernel: [3, 2], stride: [2, 3], padding: [1, 1] },
    convNode('b', 'small'),
    { op: 'upsample', name: 'large', inputs: ['b'], mode: 'bilinear', size: [9, 7] },
    { op: 'maxPool', name: 'dense', inputs: ['a.act'], kernel: [2, 2], stride: [1, 1], padding: [0, 0] },
    {
      op: 'upsample',
      name: 'corners',
      inputs: ['dense'],
      mode: 'bilinear',
      alignCorners: true,
      size: [9, 7],
    },
    { op: 'slice', name: 'rows', inputs: ['a.act'], axis: 2, start: 1, end: 4 },
    { op: 'upsample', name: 'near', inputs: ['rows'], mode: 'nearest', scale: [3, 1] },
    { op: 'concat', name: 'joined', inputs: ['large', 'near', 'corners', 'a.act'], axis: 1 },
    { op: 'slice', name: 'half', inputs: ['joined'], axis: 1, start: 2, end: 13 },
    convNode('c', 'half', { stride: [2, 2] }),
    { op: 'relu6', name: 'c.act', inputs: ['c'] },
    { op: 'affine', name: 'line', inputs: ['c.act'], scale: -0.5, offset: 0.75 },
    { op: 'maximum', name: 'larger', inputs: ['c.act', 'line'] },
    { op: 'globalAvgPool', name: 'mean', inputs: ['larger'] },
    { op: 'slice', name: 'one', inputs: ['mean'], axis: 1, start: 1, end: 2 },
    { op: 'mul', name: 'scaled', inputs: ['larger', 'one'] },
    { op: 'add', name: 'raised', inputs: ['scaled', 'mean'] },
    { op: 'add', name: 'shifted', inputs: ['raised', 'one'] },
    { op: 'globalAvgPool', name: 'pool', inputs: ['shifted'] },
    { op: 'flatten', name: 'flat', inputs: ['pool'] },
    { op: 'hardSigmoid', name: 'gate', inputs: ['flat'] },
    { op: 'concat', name: 'both', inputs: ['flat', 'gate'], axis: 1 },
    { op: 'linear', name: 'last', inputs: ['both'], weight: 'last.weight', bias: 'last.bias' },
  ]
  const model = makeModel(
    {
      name: 'pyramid',
      inputs: { image: [1, 2, 9, 7] },
      nodes,
      outputs: { logits: 'last' },
      weights: {
        'a.weight': [4, 2, 3, 3],
        ...batchNormWeights('a.bn', 4),
        'b.weight': [4, 4, 1, 1],
        'b.bias': [4],
        'c.weight': [5, 11, 1, 1],
        'c.bias': [5],
        'last.weight': [3, 10],
        'last.bias': [3],
      },
    },
    random(17),
  )
  validate(model)
  return model
}

/** One path through most ops, in combinations MobileOne does not have: groups, strides, biases, other activations. */
export function mostOps(): Model {
  const nodes: Node[] = [
    convNode('a', 'image', { bias: false, padding: [1, 1] }),
    batchNormNode('a.bn', 'a'),
    { op: 'silu', name: 'a.silu', inputs: ['a.bn'] },
    convNode('b', 'a.silu', { groups: 2, stride: [2, 1], padding: [1, 0] }),
    { op: 'gelu', name: 'b.gelu', inputs: ['b'] },
    convNode('c', 'b.gelu', { bias: false, groups: 4, padding: [0, 1] }),
    batchNormNode('c.bn', 'c'),
    { op: 'relu', name: 'c.relu', inputs: ['c.bn'] },
    convNode('d', 'c.relu'),
    { op: 'add', name: 'sum', inputs: ['d', 'c.relu'] },
    { op: 'globalAvgPool', name: 'pool', inputs: ['sum'] },
    { op: 'sigmoid', name: 'gate', inputs: ['pool'] },
    { op: 'mul', name: 'gated', inputs: ['sum', 'gate'] },
    { op: 'flatten', name: 'flat', inputs: ['gated'] },
    { op: 'linear', name: 'first', inputs: ['flat'], weight: 'first.weight' },
    { op: 'softmax', name: 'soft', inputs: ['first'] },
    { op: 'linear', name: 'last', inputs: ['soft'], weight: 'last.weight', bias: 'last.bias' },
  ]
  const model = makeModel(
    {
      name: 'every-op',
      inputs: { image: [1, 2, 7, 6] },
      nodes,
      outputs: { logits: 'last' },
      weights: {
        'a.weight': [4, 2, 3, 3],
        ...batchNormWeights('a.bn', 4),
        'b.weight': [4, 2, 3, 2],
        'b.bias': [4],
        'c.weight': [4, 1, 2, 2],
        ...batchNormWeights('c.bn', 4),
        'd.weight': [4, 4, 1, 1],
        'd.bias': [4],
        'first.weight': [5, 4 * 3 * 6],
        'last.weight': [3, 5],
        'last.bias': [3],
      },
    },
    random(11),
  )
  validate(model)
  return model
}

/** Standard normal images of `model`'s size, labels 0, 1, 2, 0, ... */
export function randomBatch(model: Model, count: number, seed = 3): Batch {
  const [, channels = 1, height = 1, width = 1] = Object.values(model.inputs)[0]?.shape ?? []
  const source = random(seed)
  return {
    images: Float32Array.from({ length: count * height * width * channels }, () => source.normal()),
    shape: [count, height, width, channels],
    labels: Int32Array.from({ length: count }, (_, index) => index % 3),
  }
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values beside ${b.length}`)
  let most = 0
  for (let index = 0; index < a.length; index++) {
    const difference = Math.abs((a[index] as number) - (b[index] as number))
    if (!(difference <= most)) most = difference
  }
  return most
}
