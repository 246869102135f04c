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
import { rowsCase } from './token-exceptions.ts'

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

const tokens = (source: Random, ...last: readonly number[]): Shape => [
  source.integer(1, 3),
  ...Array.from({ length: source.integer(0, 1) }, () => source.integer(1, 4)),
  source.integer(1, 9),
  ...last,
]
const rowLength = (source: Random): number => source.integer(1, 40)

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
  layerNorm: {
    ops: ['layerNorm'],
    parts: (source) => {
      const shape = source.next() < 0.3 ? matrix(source) : tokens(source, rowLength(source))
      // The rounding of a short row's mean is large beside a small deviation.
      const epsilon = (shape.at(-1) as number) < 6 ? 0.1 : pick(source, [1e-6, 1e-5])
      const roles = pick(source, [[], ['weight'], ['weight', 'bias'], ['weight', 'bias']] as const)
      const weights = Object.fromEntries(roles.map((role) => [role, `y.${role}`]))
      return {
        inputs: { x: shape },
        nodes: [{ op: 'layerNorm', name: 'y', inputs: ['x'], ...weights, epsilon }],
        weights: Object.fromEntries(Object.values(weights).map((name) => [name, shape.slice(-1)])),
      }
    },
  },
  matmul: {
    ops: ['matmul'],
    parts: (source) => {
      const [inner, columns] = [rowLength(source), source.integer(1, 20)]
      const a = tokens(source, inner)
      const transposeB = source.next() < 0.5
      const b = [...a.slice(0, -2), ...(transposeB ? [columns, inner] : [inner, columns])]
      const scale = pick(source, [undefined, 0.125, inner ** -0.5])
      return {
        inputs: { a, b },
        nodes: [
          {
            op: 'matmul',
            name: 'y',
            inputs: ['a', 'b'],
            ...(transposeB && { transposeB }),
            ...(scale !== undefined && { scale }),
          },
        ],
      }
    },
  },
  reshape: {
    ops: ['reshape'],
    parts: (source) => {
      const [n, a, b, c] = [
        source.integer(1, 3),
        channels(source),
        source.integer(1, 6),
        source.integer(1, 6),
      ]
      const [x, shape] = pick(source, [
        [
          [n, a, b, c],
          [0, a, -1],
        ],
        [
          [n, a, b, c],
          [0, -1, c],
        ],
        [
          [n, a * b, c],
          [0, a, b, -1],
        ],
        [
          [n, a, b * c],
          [0, 0, b, c],
        ],
        [
          [n, a, b, c],
          [-1, b, c],
        ],
        [
          [n * a, b, c],
          [-1, a, b, c],
        ],
        [
          [n, a * b],
          [0, b, a],
        ],
        [
          [n, a, b],
          [0, a * b],
        ],
      ] as const)
      return { inputs: { x }, nodes: [{ op: 'reshape', name: 'y', inputs: ['x'], shape }] }
    },
  },
  transpose: {
    ops: ['transpose'],
    parts: (source) => {
      const permutation = pick(source, [
        [0, 2, 1],
        [0, 2, 1, 3],
        [0, 1, 3, 2],
        [0, 3, 1, 2],
        [0, 2, 3, 1],
        [0, 3, 2, 1],
        [0, 1],
      ] as const)
      const shape = permutation.map((axis) => (axis === 0 ? source.integer(1, 3) : source.integer(1, 19)))
      return { inputs: { x: shape }, nodes: [{ op: 'transpose', name: 'y', inputs: ['x'], permutation }] }
    },
  },
  parameter: {
    ops: ['parameter'],
    parts: (source) => ({
      inputs: { x: either(source) },
      nodes: [{ op: 'parameter', name: 'y', inputs: ['x'], weight: 'token' }],
      weights: { token: [1, ...tokens(source, rowLength(source)).slice(1)] },
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
  'a part of a flattened map that ends within a channel': {
    ops: ['relu', 'flatten', 'slice', 'add'],
    parts: (source) => {
      const shape = [source.integer(1, 2), channels(source), source.integer(2, 4), source.integer(2, 4)]
      const length = shape.slice(1).reduce((product, size) => product * size, 1)
      const half = Math.floor(length / 2)
      return {
        inputs: { x: shape },
        nodes: [
          { op: 'relu', name: 'relu', inputs: ['x'] },
          { op: 'flatten', name: 'flat', inputs: ['relu'] },
          { op: 'slice', name: 'before', inputs: ['flat'], axis: 1, start: 0, end: half },
          { op: 'slice', name: 'after', inputs: ['flat'], axis: 1, start: length - half, end: length },
          { op: 'add', name: 'y', inputs: ['before', 'after'] },
        ],
        outputs: { y: 'y', flat: 'flat', after: 'after' },
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
  [rowsCase]: {
    ops: ['linear', 'softmax'],
    parts: (source) => {
      const [inner, outer] = [rowLength(source), rowLength(source)]
      return {
        inputs: { x: tokens(source, inner) },
        nodes: [
          { op: 'linear', name: 'mixed', inputs: ['x'], weight: 'mixed.weight', bias: 'mixed.bias' },
          { op: 'relu', name: 'kept', inputs: ['mixed'] },
          { op: 'linear', name: 'back', inputs: ['kept'], weight: 'back.weight' },
          { op: 'softmax', name: 'y', inputs: ['back'] },
          { op: 'softmax', name: 'shares', inputs: ['x'] },
        ],
        weights: {
          'mixed.weight': [outer, inner],
          'mixed.bias': [outer],
          'back.weight': [inner, outer],
        },
        outputs: { y: 'y', mixed: 'mixed', shares: 'shares' },
      }
    },
  },
  'elementwise functions of tokens': {
    ops: ['layerNorm', 'gelu', 'add', 'mul', 'silu', 'concat', 'slice'],
    parts: (source) => {
      const shape = tokens(source, rowLength(source))
      const axis = source.integer(1, shape.length - 1)
      const size = shape[axis] as number
      return {
        inputs: { x: shape },
        nodes: [
          { op: 'layerNorm', name: 'norm', inputs: ['x'], epsilon: 0.1 },
          { op: 'gelu', name: 'gelu', inputs: ['norm'] },
          { op: 'silu', name: 'silu', inputs: ['gelu'] },
          { op: 'add', name: 'sum', inputs: ['silu', 'x'] },
          { op: 'mul', name: 'product', inputs: ['sum', 'norm'] },
          { op: 'concat', name: 'joined', inputs: ['product', 'x'], axis },
          { op: 'slice', name: 'y', inputs: ['joined'], axis, start: size - 1, end: size + 1 },
        ],
        outputs: { y: 'y', joined: 'joined', sum: 'sum' },
      }
    },
  },
  'a map to tokens with a class token, attention, and back to a map': {
    ops: [
      'conv2d',
      'reshape',
      'transpose',
      'parameter',
      'concat',
      'slice',
      'linear',
      'matmul',
      'softmax',
      'add',
    ],
    parts: (source) => {
      const [batch = 1, , height = 1, width = 1] = featureMap(source)
      const [heads, size] = [source.integer(1, 3), source.integer(1, 5)]
      const [inChannels, dim, tokenCount] = [channels(source), heads * size, height * width]
      const part = (name: string, index: number): readonly Node[] => [
        { op: 'slice', name, inputs: ['qkv'], axis: 2, start: index * dim, end: (index + 1) * dim },
        { op: 'reshape', name: `${name}.heads`, inputs: [name], shape: [0, 0, heads, size] },
        { op: 'transpose', name: `${name}.turned`, inputs: [`${name}.heads`], permutation: [0, 2, 1, 3] },
      ]
      return {
        inputs: { x: [batch, inChannels, height, width] },
        nodes: [
          convNode('embed', 'x'),
          { op: 'reshape', name: 'flat', inputs: ['embed'], shape: [0, dim, -1] },
          { op: 'transpose', name: 'patches', inputs: ['flat'], permutation: [0, 2, 1] },
          { op: 'parameter', name: 'class', inputs: ['x'], weight: 'class' },
          { op: 'concat', name: 'all', inputs: ['class', 'patches'], axis: 1 },
          { op: 'parameter', name: 'places', inputs: ['x'], weight: 'places' },
          { op: 'add', name: 'tokens', inputs: ['all', 'places'] },
          { op: 'linear', name: 'qkv', inputs: ['tokens'], weight: 'qkv.weight', bias: 'qkv.bias' },
          ...part('q', 0),
          ...part('k', 1),
          ...part('v', 2),
          {
            op: 'matmul',
            name: 'scores',
            inputs: ['q.turned', 'k.turned'],
            transposeB: true,
            scale: size ** -0.5,
          },
          { op: 'softmax', name: 'shares', inputs: ['scores'] },
          { op: 'matmul', name: 'mixed', inputs: ['shares', 'v.turned'] },
          { op: 'transpose', name: 'rows', inputs: ['mixed'], permutation: [0, 2, 1, 3] },
          { op: 'reshape', name: 'attended', inputs: ['rows'], shape: [0, 0, dim] },
          { op: 'add', name: 'sum', inputs: ['tokens', 'attended'] },
          { op: 'slice', name: 'rest', inputs: ['sum'], axis: 1, start: 1, end: tokenCount + 1 },
          { op: 'transpose', name: 'across', inputs: ['rest'], permutation: [0, 2, 1] },
          { op: 'reshape', name: 'y', inputs: ['across'], shape: [0, dim, height, width] },
        ],
        weights: {
          'embed.weight': [dim, inChannels, 1, 1],
          'embed.bias': [dim],
          class: [1, 1, dim],
          places: [1, tokenCount + 1, dim],
          'qkv.weight': [3 * dim, dim],
          'qkv.bias': [3 * dim],
        },
        outputs: { y: 'y', shares: 'shares', sum: 'sum' },
      }
    },
  },
  'squares of pixels taken apart to rows of their own, and put together': {
    ops: ['reshape', 'transpose', 'layerNorm'],
    parts: (source) => {
      const [n, c, h, w] = [
        source.integer(1, 3),
        channels(source),
        source.integer(1, 4),
        source.integer(1, 4),
      ]
      return {
        inputs: { x: [n, c, 2 * h, 2 * w] },
        nodes: [
          { op: 'reshape', name: 'a', inputs: ['x'], shape: [0, c * h, 2, 2 * w] },
          { op: 'transpose', name: 'b', inputs: ['a'], permutation: [0, 2, 1, 3] },
          { op: 'reshape', name: 'c', inputs: ['b'], shape: [0, 2 * c * h, w, 2] },
          { op: 'transpose', name: 'd', inputs: ['c'], permutation: [0, 3, 1, 2] },
          { op: 'reshape', name: 'e', inputs: ['d'], shape: [-1, c, h * w] },
          { op: 'transpose', name: 'f', inputs: ['e'], permutation: [0, 2, 1] },
          { op: 'layerNorm', name: 'norm', inputs: ['f'], epsilon: 0.1 },
          { op: 'transpose', name: 'g', inputs: ['norm'], permutation: [0, 2, 1] },
          { op: 'reshape', name: 'h', inputs: ['g'], shape: [-1, 2, 2 * c * h, w] },
          { op: 'transpose', name: 'i', inputs: ['h'], permutation: [0, 2, 3, 1] },
          { op: 'reshape', name: 'j', inputs: ['i'], shape: [0, 2, c * h, 2 * w] },
          { op: 'transpose', name: 'k', inputs: ['j'], permutation: [0, 2, 1, 3] },
          { op: 'reshape', name: 'y', inputs: ['k'], shape: [0, c, 2 * h, 2 * w] },
        ],
        outputs: { y: 'y', rows: 'f' },
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
