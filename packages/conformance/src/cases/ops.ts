import { type Node, type Op, type Random, random, type Unary } from '@mobileone/core'
import type { Definition } from '../definition.ts'
import {
  batchNormNode,
  batchNormWeights,
  convNode,
  type ModelParts,
  makeModel,
  normalInputs,
  pick,
  type Shape,
} from '../make-model.ts'
import type { Trial } from '../trial.ts'
import { eachUnary } from './each-unary.ts'

interface OpFamily {
  readonly ops: readonly Op[]
  readonly parts: (source: Random) => Omit<ModelParts, 'name'>
}

const channels = (source: Random): number => pick(source, [1, 2, 3, 4, 5, 7, 8, 9, 16, 19, 32])
const featureMap = (source: Random): Shape => [
  source.integer(1, 4),
  channels(source),
  source.integer(1, 9),
  source.integer(1, 9),
]
const matrix = (source: Random): Shape => [source.integer(1, 4), source.integer(1, 40)]
const either = (source: Random): Shape => (source.next() < 0.5 ? featureMap(source) : matrix(source))

const pairOf = (make: (axis: number) => number): [number, number] => [make(0), make(1)]

const unary = (op: Unary['op']): OpFamily => ({
  ops: [op],
  parts: (source) => ({ inputs: { x: either(source) }, nodes: [{ op, name: 'y', inputs: ['x'] }] }),
})
const binary = (op: 'add' | 'mul' | 'maximum'): OpFamily => ({
  ops: [op],
  parts: (source) => {
    const shape = either(source)
    return { inputs: { a: shape, b: shape }, nodes: [{ op, name: 'y', inputs: ['a', 'b'] }] }
  },
})

/** One number a channel, or one an item of the batch. */
const broadcast = (op: 'add' | 'mul', perChannel: boolean): OpFamily => ({
  ops: [op],
  parts: (source) => {
    const shape = featureMap(source)
    return {
      inputs: { x: shape, gate: [shape[0] as number, perChannel ? (shape[1] as number) : 1, 1, 1] },
      nodes: [{ op, name: 'y', inputs: ['x', 'gate'] }],
    }
  },
})

/** Each op by itself; convolutions are in `conv2d.ts`. */
const opFamilies = {
  ...eachUnary(unary),
  affine: {
    ops: ['affine'],
    parts: (source) => {
      const [scale, offset] = [source.normal(), pick(source, [0, 1, source.normal()])]
      return {
        inputs: { x: either(source) },
        nodes: [{ op: 'affine', name: 'y', inputs: ['x'], scale, offset }],
      }
    },
  },
  add: binary('add'),
  mul: binary('mul'),
  maximum: binary('maximum'),
  batchNorm: {
    ops: ['batchNorm'],
    parts: (source) => {
      const shape = either(source)
      return {
        inputs: { x: shape },
        nodes: [batchNormNode('y', 'x', pick(source, [1e-5, 1e-3, 0.1]))],
        weights: batchNormWeights('y', shape[1] as number),
      }
    },
  },
  globalAvgPool: {
    ops: ['globalAvgPool'],
    parts: (source) => ({
      inputs: { x: featureMap(source) },
      nodes: [{ op: 'globalAvgPool', name: 'y', inputs: ['x'] }],
    }),
  },
  maxPool: {
    ops: ['maxPool'],
    parts: (source) => {
      const x = featureMap(source)
      const kernel = pairOf(() => source.integer(1, 4))
      const padding = pairOf((axis) => source.integer(0, Math.floor((kernel[axis] as number) / 2)))
      const fits = x.map((size, axis) => (axis < 2 ? size : Math.max(size, kernel[axis - 2] as number)))
      return {
        inputs: { x: fits },
        nodes: [
          {
            op: 'maxPool',
            name: 'y',
            inputs: ['x'],
            kernel,
            stride: pairOf(() => source.integer(1, 3)),
            padding,
          },
        ],
      }
    },
  },
  upsample: {
    ops: ['upsample'],
    parts: (source) => {
      const mode = pick(source, ['nearest', 'bilinear', 'bilinear'] as const)
      const alignCorners = mode === 'bilinear' && source.next() < 0.5
      const to =
        source.next() < 0.5
          ? { scale: pairOf(() => source.integer(1, 3)) }
          : { size: pairOf(() => source.integer(1, 20)) }
      return {
        inputs: { x: featureMap(source) },
        nodes: [
          { op: 'upsample', name: 'y', inputs: ['x'], mode, ...(alignCorners && { alignCorners }), ...to },
        ],
      }
    },
  },
  concat: {
    ops: ['concat'],
    parts: (source) => {
      const shape = either(source)
      const axis = source.integer(1, shape.length - 1)
      const count = source.integer(1, 4)
      const parts = Array.from({ length: count }, (_, part) => [
        `x${part}`,
        shape.map((size, at) => (at !== axis ? size : axis === 1 ? channels(source) : source.integer(1, 9))),
      ])
      const names = parts.map(([name]) => name) as [string, ...string[]]
      return { inputs: Object.fromEntries(parts), nodes: [{ op: 'concat', name: 'y', inputs: names, axis }] }
    },
  },
  slice: {
    ops: ['slice'],
    parts: (source) => {
      const shape = either(source)
      const axis = source.integer(1, shape.length - 1)
      const start = source.integer(0, (shape[axis] as number) - 1)
      const end = source.integer(start + 1, shape[axis] as number)
      return { inputs: { x: shape }, nodes: [{ op: 'slice', name: 'y', inputs: ['x'], axis, start, end }] }
    },
  },
  channelShuffle: {
    ops: ['channelShuffle'],
    parts: (source) => {
      const groups = source.integer(1, 5)
      const [n, , height, width] = featureMap(source) as [number, number, number, number]
      const shape = [n, groups * source.integer(1, 9), height, width]
      return { inputs: { x: shape }, nodes: [{ op: 'channelShuffle', name: 'y', inputs: ['x'], groups }] }
    },
  },
  flatten: {
    ops: ['flatten'],
    parts: (source) => ({
      inputs: { x: either(source) },
      nodes: [{ op: 'flatten', name: 'y', inputs: ['x'] }],
    }),
  },
  linear: {
    ops: ['linear'],
    parts: (source) => {
      const [shape, outputs] = [matrix(source), source.integer(1, 40)]
      const hasBias = source.next() < 0.7
      const node: Node = {
        op: 'linear',
        name: 'y',
        inputs: ['x'],
        weight: 'y.weight',
        ...(hasBias && { bias: 'y.bias' }),
      }
      return {
        inputs: { x: shape },
        nodes: [node],
        weights: {
          'y.weight': [outputs, shape[1] as number],
          ...(hasBias && { 'y.bias': [outputs] }),
        },
      }
    },
  },
  softmax: {
    ops: ['softmax'],
    parts: (source) => ({
      inputs: { x: matrix(source) },
      nodes: [{ op: 'softmax', name: 'y', inputs: ['x'] }],
    }),
  },
} satisfies Readonly<Record<Exclude<Op, 'conv2d'>, OpFamily>>

/** Where fusing or reusing memory goes wrong, and a form that an op has besides its usual one. */
const combinations: Readonly<Record<string, OpFamily>> = {
  'mul by one factor a channel': broadcast('mul', true),
  'mul by one factor an item': broadcast('mul', false),
  'add of one number a channel': broadcast('add', true),
  'add of one number an item': broadcast('add', false),
  'add and mul of a value and itself': {
    ops: ['add', 'mul'],
    parts: (source) => ({
      inputs: { x: either(source) },
      nodes: [
        { op: 'add', name: 'twice', inputs: ['x', 'x'] },
        { op: 'mul', name: 'y', inputs: ['twice', 'twice'] },
      ],
    }),
  },
  'linear after flatten of a feature map': {
    ops: ['conv2d', 'flatten', 'linear'],
    parts: (source) => {
      const [batch = 1, inChannels = 1, height = 1, width = 1] = featureMap(source)
      const [outChannels, outputs] = [channels(source), source.integer(1, 17)]
      return {
        inputs: { x: [batch, inChannels, height, width] },
        nodes: [
          convNode('conv', 'x'),
          { op: 'flatten', name: 'flat', inputs: ['conv'] },
          { op: 'linear', name: 'y', inputs: ['flat'], weight: 'y.weight', bias: 'y.bias' },
        ],
        weights: {
          'conv.weight': [outChannels, inChannels, 1, 1],
          'conv.bias': [outChannels],
          'y.weight': [outputs, outChannels * height * width],
          'y.bias': [outputs],
        },
        outputs: { y: 'y', flat: 'flat' },
      }
    },
  },
  'one value read before and after its activation': {
    ops: ['conv2d', 'relu', 'add', 'mul'],
    parts: (source) => {
      const [batch = 1, inChannels = 1, height = 1, width = 1] = featureMap(source)
      const outChannels = channels(source)
      return {
        inputs: { x: [batch, inChannels, height, width] },
        nodes: [
          convNode('conv', 'x'),
          { op: 'relu', name: 'relu', inputs: ['conv'] },
          { op: 'add', name: 'sum', inputs: ['conv', 'relu'] },
          { op: 'mul', name: 'y', inputs: ['sum', 'relu'] },
        ],
        weights: { 'conv.weight': [outChannels, inChannels, 1, 1], 'conv.bias': [outChannels] },
        outputs: { y: 'y', before: 'conv', after: 'relu', again: 'relu', given: 'x' },
      }
    },
  },
  'convolutions joined, parted and joined again': {
    ops: ['conv2d', 'relu', 'concat', 'slice'],
    parts: (source) => {
      const [batch = 1, inChannels = 1, height = 1, width = 1] = featureMap(source)
      const [first, second] = [channels(source), channels(source)]
      const middle = source.integer(1, first + second - 1)
      return {
        inputs: { x: [batch, inChannels, height, width] },
        nodes: [
          convNode('a', 'x'),
          { op: 'relu', name: 'a.relu', inputs: ['a'] },
          convNode('b', 'x'),
          { op: 'concat', name: 'joined', inputs: ['a.relu', 'b'], axis: 1 },
          { op: 'slice', name: 'upper', inputs: ['joined'], axis: 1, start: 0, end: middle },
          { op: 'slice', name: 'lower', inputs: ['joined'], axis: 1, start: middle, end: first + second },
          { op: 'relu', name: 'lower.relu', inputs: ['lower'] },
          { op: 'concat', name: 'y', inputs: ['lower.relu', 'upper', 'b', 'b'], axis: 1 },
        ],
        weights: {
          'a.weight': [first, inChannels, 1, 1],
          'a.bias': [first],
          'b.weight': [second, inChannels, 1, 1],
          'b.bias': [second],
        },
        outputs: { y: 'y', joined: 'joined', after: 'a.relu' },
      }
    },
  },
  'a feature pyramid: pooled, upsampled and added to the larger map': {
    ops: ['conv2d', 'maxPool', 'upsample', 'add', 'hardSwish'],
    parts: (source) => {
      const [batch = 1, size = 1, height = 1, width = 1] = featureMap(source)
      const mode = pick(source, ['nearest', 'bilinear'] as const)
      return {
        inputs: { x: [batch, size, height, width] },
        nodes: [
          { op: 'maxPool', name: 'small', inputs: ['x'], kernel: [3, 3], stride: [2, 2], padding: [1, 1] },
          convNode('top', 'small'),
          { op: 'upsample', name: 'large', inputs: ['top'], mode, size: [height, width] },
          convNode('lateral', 'x', { padding: [1, 1] }),
          { op: 'add', name: 'sum', inputs: ['lateral', 'large'] },
          { op: 'hardSwish', name: 'y', inputs: ['sum'] },
        ],
        weights: {
          'top.weight': [size, size, 1, 1],
          'top.bias': [size],
          'lateral.weight': [size, size, 3, 3],
          'lateral.bias': [size],
        },
      }
    },
  },
  'one weight read by two convolutions': {
    ops: ['conv2d', 'relu'],
    parts: (source) => {
      const [batch = 1, size = 1, height = 1, width = 1] = featureMap(source)
      return {
        inputs: { x: [batch, size, height, width] },
        nodes: [
          convNode('first', 'x'),
          { op: 'relu', name: 'relu', inputs: ['first'] },
          convNode('second', 'relu', { weight: 'first.weight', bias: 'first.bias', padding: [1, 1] }),
        ],
        weights: { 'first.weight': [size, size, 1, 1], 'first.bias': [size] },
      }
    },
  },
}

const trialsPerFamily = 10

function opTrial(name: string, { parts }: OpFamily, seed: number): Trial {
  const source = random(seed)
  const model = makeModel({ name, ...parts(source) }, source)
  const inputs = normalInputs(model, source)
  // Elementwise functions are also tried far from zero.
  const scale = 10 ** source.integer(-1, 1)
  for (const { data } of Object.values(inputs)) data.set(data.map((value) => value * scale))
  const shapes = Object.fromEntries(Object.entries(model.inputs).map(([input, { shape }]) => [input, shape]))
  return { seed, parameters: { inputs: shapes, scale }, model, inputs }
}

function definition(name: string, family: OpFamily, firstSeed: number): Definition {
  const trials = (): readonly Trial[] =>
    Array.from({ length: trialsPerFamily }, (_, trial) => opTrial(name, family, firstSeed + trial))
  return { name, ops: family.ops, trials }
}

/** Each op but the convolution, over generated shapes. */
export const opCases: Readonly<Record<Exclude<Op, 'conv2d'>, Definition>> = Object.fromEntries(
  Object.entries(opFamilies).map(([op, family], index) => [
    op,
    definition(`${op}: generated shapes`, family, 100_000 + 1000 * index),
  ]),
) as Record<Exclude<Op, 'conv2d'>, Definition>

/** The combinations of ops in which fusing or reusing memory goes wrong. */
export const combinationCases: readonly Definition[] = Object.entries(combinations).map(
  ([name, family], index) => definition(name, family, 150_000 + 1000 * index),
)
