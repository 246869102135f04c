import {
  type Graph,
  inferShapes,
  initialize,
  type MobileOneConfig,
  type Model,
  mobileone,
  type Node,
  type Op,
  opNames,
  type Random,
  random,
  spec,
  type Tensors,
  unaryOps,
  withBatch,
} from '@mobileone/core'
import type { Definition } from '../definition.ts'
import { batchNormNode, batchNormWeights, convNode, makeModel, normalInputs, pick } from '../make-model.ts'
import { checkTrial, type Trial } from '../trial.ts'
import { tokenOps } from './token-exceptions.ts'

/** A real model with stored inputs and outputs. */
export interface Golden {
  readonly name: string
  /** Called when the case runs. */
  load(): Promise<{ readonly model: Model; readonly inputs: Tensors; readonly outputs: Tensors }>
  /** In place of the suite's. */
  readonly tolerance?: number
}

const plain: MobileOneConfig = {
  name: 'small',
  input: { channels: 3, size: [33, 29] },
  stem: { channels: 16, stride: 2, branches: 1 },
  stages: [
    { blocks: 1, channels: 24, stride: 2, branches: 2, squeezeExcite: 0 },
    { blocks: 2, channels: 32, stride: 2, branches: 1, squeezeExcite: 0 },
  ],
  classes: 10,
}
const odd: MobileOneConfig = {
  name: 'odd',
  input: { channels: 1, size: [31, 23] },
  stem: { channels: 7, stride: 2, branches: 3 },
  stages: [
    { blocks: 1, channels: 13, stride: 1, branches: 4, squeezeExcite: 0 },
    { blocks: 2, channels: 21, stride: 2, branches: 2, squeezeExcite: 0 },
  ],
  classes: 11,
}
const squeezeExcite: MobileOneConfig = {
  ...plain,
  name: 'squeeze-and-excite',
  stages: [
    { blocks: 2, channels: 36, stride: 2, branches: 1, squeezeExcite: 1 },
    { blocks: 1, channels: 40, stride: 2, branches: 2, squeezeExcite: 1 },
  ],
}
const allOutputs = ['logits', 'embedding', 'stride4', 'stride8'] as const

const deployOps: readonly Op[] = ['conv2d', 'relu', 'globalAvgPool', 'flatten', 'linear']
const trainOps: readonly Op[] = [...deployOps, 'batchNorm', 'add']
const excitedOps: readonly Op[] = [...deployOps, 'sigmoid', 'mul']

function network(
  config: MobileOneConfig,
  form: 'train' | 'deploy',
  seed: number,
  batch: number,
  outputs: readonly string[] = ['logits'],
): Trial {
  const graph = mobileone(config, { form, outputs })
  const model = withBatch(initialize(graph, { seed, statistics: 'random' }), batch)
  const inputs = normalInputs(model, random(seed + 1))
  return { seed, parameters: { config, form, batch, outputs }, model, inputs }
}

function networkCase(name: string, ops: readonly Op[], trials: () => readonly Trial[]): Definition {
  return {
    name: `network: ${name}`,
    ops,
    trials,
  }
}

/** The functions and layers that {@link randomTrial} draws from. */
interface Draw {
  readonly layers: readonly Layer[]
  readonly functions: typeof unaryOps
}

type Layer =
  | ('conv' | 'depthwise' | 'batchNorm' | 'unary' | 'binary' | 'excite')
  | ('affine' | 'maximum' | 'spread' | Movement)

type Movement = 'maxPool' | 'upsample' | 'concat' | 'slice' | 'channelShuffle'

const classifierDraw: Draw = {
  layers: ['conv', 'conv', 'depthwise', 'batchNorm', 'unary', 'unary', 'binary', 'excite'],
  functions: ['relu', 'sigmoid', 'silu', 'gelu'],
}
const everyDraw: Draw = {
  layers: [
    ...classifierDraw.layers,
    'affine',
    'maximum',
    'spread',
    'maxPool',
    'upsample',
    'concat',
    'concat',
    'slice',
    'slice',
    'channelShuffle',
  ],
  functions: unaryOps,
}
const movements: readonly Op[] = ['maxPool', 'upsample', 'concat', 'slice', 'channelShuffle']
const mapOps = opNames.filter((op) => !tokenOps.includes(op))
const classifierOps = mapOps.filter(
  (op) =>
    ![...movements, 'affine', 'maximum'].includes(op) &&
    (!unaryOps.includes(op as never) || classifierDraw.functions.includes(op as never)),
)

/** A node that moves the values of `input`, and of `other`, which has the same shape. */
function movementNode(
  op: Movement,
  name: string,
  input: string,
  other: string,
  shape: readonly number[],
  source: Random,
): Node {
  const [, channels = 1, height = 1, width = 1] = shape
  const small = height * width <= 64
  switch (op) {
    case 'maxPool': {
      const kernel = [Math.min(height, source.integer(1, 3)), Math.min(width, source.integer(1, 3))] as const
      const stride = [source.integer(1, 2), source.integer(1, 2)] as const
      const padding = [Math.floor(kernel[0] / 2), Math.floor(kernel[1] / 2)] as const
      return { op, name, inputs: [input], kernel, stride, padding }
    }
    case 'upsample': {
      const mode = pick(source, ['nearest', 'bilinear'] as const)
      if (small && source.next() < 0.5)
        return { op, name, inputs: [input], mode, scale: [2, source.integer(1, 2)] }
      return { op, name, inputs: [input], mode, size: [source.integer(1, 12), source.integer(1, 12)] }
    }
    case 'concat': {
      const axis = channels > 20 ? 2 : small ? source.integer(1, 3) : 1
      return { op, name, inputs: [input, other], axis }
    }
    case 'slice': {
      const axis = source.integer(1, 3)
      const size = shape[axis] as number
      const start = source.integer(0, Math.floor((size - 1) / 2))
      return { op, name, inputs: [input], axis, start, end: source.integer(Math.ceil((size + 1) / 2), size) }
    }
    case 'channelShuffle': {
      const divisors = [1, 2, 3, 4, 5].filter((groups) => channels % groups === 0)
      return { op, name, inputs: [input], groups: pick(source, divisors) }
    }
    default:
      return op satisfies never
  }
}

/** A chain of random ops whose values are read again later; feature maps only, one branch to a matrix at the end. */
function randomTrial(seed: number, { layers, functions }: Draw): Trial {
  const source = random(seed)
  const batch = source.integer(1, 3)
  let channels = source.integer(1, 12)
  const inputs = { x: [batch, channels, source.integer(4, 11), source.integer(4, 11)] }
  const nodes: Node[] = []
  const weights: Record<string, readonly number[]> = {}
  let alike = ['x']
  let last = 'x'
  const length = source.integer(4, 10)
  for (let index = 0; index < length; index++) {
    const name = `n${index}`
    const op = pick(source, layers)
    if (op === 'conv' || op === 'depthwise') {
      const groups = op === 'depthwise' ? channels : 1
      const outChannels = op === 'depthwise' ? channels : source.integer(1, 20)
      const kernel = pick(source, [1, 3, 3, 5])
      const stride = source.integer(1, 2)
      const padding = Math.floor(kernel / 2)
      nodes.push(convNode(name, last, { stride: [stride, stride], padding: [padding, padding], groups }))
      weights[`${name}.weight`] = [outChannels, channels / groups, kernel, kernel]
      weights[`${name}.bias`] = [outChannels]
      channels = outChannels
      alike = []
    } else if (op === 'batchNorm') {
      nodes.push(batchNormNode(name, last))
      Object.assign(weights, batchNormWeights(name, channels))
    } else if (op === 'unary') {
      nodes.push({ op: pick(source, functions), name, inputs: [last] })
    } else if (op === 'binary') {
      const other = pick(source, alike)
      nodes.push({ op: pick(source, ['add', 'mul'] as const), name, inputs: [last, other] })
    } else if (op === 'affine') {
      nodes.push({ op, name, inputs: [last], scale: source.normal(), offset: source.normal() })
    } else if (op === 'maximum') {
      nodes.push({ op, name, inputs: [last, pick(source, alike)] })
    } else if (op === 'excite' || op === 'spread') {
      const [pool, gate] = [`${name}.pool`, `${name}.gate`]
      nodes.push({ op: 'globalAvgPool', name: pool, inputs: [last] })
      nodes.push({ op: 'sigmoid', name: gate, inputs: [pool] })
      if (op === 'excite') nodes.push({ op: 'mul', name, inputs: [last, gate] })
      else {
        const one = `${name}.one`
        nodes.push({ op: 'slice', name: one, inputs: [gate], axis: 1, start: 0, end: 1 })
        nodes.push({ op: 'mul', name: `${name}.scaled`, inputs: [last, pick(source, [gate, one])] })
        nodes.push({ op: 'add', name, inputs: [`${name}.scaled`, pick(source, [pool, one])] })
      }
    } else {
      const shape = shapesOf({ inputs, nodes, weights })[last] as readonly number[]
      nodes.push(movementNode(op, name, last, pick(source, alike), shape, source))
      channels = shapesOf({ inputs, nodes, weights })[name]?.[1] as number
      alike = []
    }
    alike.push(name)
    last = name
  }
  nodes.push({ op: 'globalAvgPool', name: 'pool', inputs: [last] })
  nodes.push({ op: 'flatten', name: 'flat', inputs: ['pool'] })
  nodes.push({ op: 'linear', name: 'head', inputs: ['flat'], weight: 'head.weight', bias: 'head.bias' })
  Object.assign(weights, { 'head.weight': [7, channels], 'head.bias': [7] })
  nodes.push({ op: 'softmax', name: 'soft', inputs: [pick(source, ['flat', 'head'])] })
  const read = new Set(nodes.flatMap((node) => node.inputs as readonly string[]))
  const shown = nodes.filter((node) => !read.has(node.name) || source.next() < 0.15)
  const outputs = Object.fromEntries(shown.map((node, index) => [`out${index}`, node.name]))
  const model = makeModel({ name: `random ${seed}`, inputs, nodes, weights, outputs }, source)
  return { seed, parameters: { input: inputs.x, length }, model, inputs: normalInputs(model, source) }
}

function shapesOf(parts: {
  readonly inputs: Readonly<Record<string, readonly number[]>>
  readonly nodes: readonly Node[]
  readonly weights: Readonly<Record<string, readonly number[]>>
}): ReturnType<typeof inferShapes> {
  const specs = (shapes: Readonly<Record<string, readonly number[]>>): Graph['weights'] =>
    Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, spec(shape)]))
  return inferShapes({
    name: 'shapes',
    inputs: specs(parts.inputs),
    nodes: parts.nodes,
    outputs: {},
    weights: specs(parts.weights),
  })
}

/** Whole networks in both forms, random networks, and the caller's own models. */
export function networkCases(golden: readonly Golden[]): readonly Definition[] {
  return [
    networkCase('MobileOne, deploy form', deployOps, () => [
      network(plain, 'deploy', 1, 1),
      network(plain, 'deploy', 2, 3),
    ]),
    networkCase('MobileOne, train form', trainOps, () => [
      network(plain, 'train', 3, 1),
      network(plain, 'train', 4, 2),
    ]),
    networkCase('MobileOne of odd channels, deploy form', deployOps, () => [
      network(odd, 'deploy', 5, 1),
      network(odd, 'deploy', 6, 4),
    ]),
    networkCase('MobileOne of odd channels, train form', trainOps, () => [network(odd, 'train', 7, 2)]),
    networkCase('MobileOne with squeeze-and-excite, deploy form', excitedOps, () => [
      network(squeezeExcite, 'deploy', 8, 1),
      network(squeezeExcite, 'deploy', 9, 3),
    ]),
    networkCase('MobileOne with squeeze-and-excite, train form', [...trainOps, 'sigmoid', 'mul'], () => [
      network(squeezeExcite, 'train', 10, 2),
    ]),
    networkCase('several outputs, feature maps among them', deployOps, () => [
      network(plain, 'deploy', 11, 2, allOutputs),
    ]),
    networkCase("random networks of a classifier's ops", classifierOps, () =>
      Array.from({ length: 30 }, (_, index) => randomTrial(500_000 + index, classifierDraw)),
    ),
    networkCase('random networks of every op on maps', mapOps, () =>
      Array.from({ length: 30 }, (_, index) => randomTrial(600_000 + index, everyDraw)),
    ),
    ...golden.map(
      (given): Definition => ({
        name: `stored outputs: ${given.name}`,
        ops: [],
        async run(context) {
          const { model, inputs, outputs } = await given.load()
          const tolerance = given.tolerance ?? context.tolerance
          const parameters = { golden: given.name, tolerance }
          await checkTrial(context, { seed: 0, parameters, model, inputs, outputs, tolerance })
        },
      }),
    ),
  ]
}

/** A small network for the cases about calls. */
export function smallModel(batch = 1, seed = 21): Model {
  return network(plain, 'deploy', seed, batch).model
}

/** The ops of {@link smallModel}. */
export const smallModelOps: readonly Op[] = deployOps

/** A network that takes a while: `scale` grows the work in proportion. */
export function slowModel(scale: number): Model {
  const side = 64
  const config = { ...plain, name: 'slow', input: { channels: 3, size: [side, side] as const } }
  const graph = mobileone(
    {
      ...config,
      stages: [
        { blocks: 8, channels: 48, stride: 2, branches: 1, squeezeExcite: 0 },
        { blocks: 8, channels: 64, stride: 2, branches: 1, squeezeExcite: 0 },
      ],
    },
    { form: 'deploy' },
  )
  return withBatch(initialize(graph, { seed: 31, statistics: 'random' }), scale)
}
