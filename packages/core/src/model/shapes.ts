import { MobileOneError } from '../errors.ts'
import type { Graph, Node } from './model.ts'
import { isUnary } from './ops.ts'
import { formatShape, sameShape } from './tensor.ts'

/** Shapes by value name: inputs and nodes. */
export type Shapes = Readonly<Record<string, readonly number[]>>

type Pair = readonly [height: number, width: number]

/**
 * The shape of every value of `graph`.
 * @throws MobileOneError `invalid-model` naming the first node whose inputs or weights do not fit.
 */
export function inferShapes(graph: Graph): Shapes {
  const shapes: Record<string, readonly number[]> = Object.create(null)
  for (const [name, input] of Object.entries(graph.inputs)) shapes[name] = input.shape
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => {
      const shape = shapes[name]
      if (!shape)
        throw new MobileOneError(
          'invalid-model',
          `node "${node.name}" reads "${name}", which no earlier node makes`,
        )
      return shape
    })
    shapes[node.name] = outputShape(graph, node, inputs)
  }
  return shapes
}

/**
 * The shape `node` produces from inputs of the given shapes.
 * @throws MobileOneError `invalid-model` naming the node, both shapes and what was expected.
 */
export function outputShape(
  graph: Graph,
  node: Node,
  inputs: readonly (readonly number[])[],
): readonly number[] {
  const fail = (message: string): never => {
    throw new MobileOneError('invalid-model', `node "${node.name}" (${node.op}): ${message}`)
  }
  const [x = [], y = []] = inputs
  const expectRank = (rank: number, layout: string): void => {
    if (x.length !== rank) fail(`expects an input ${layout}, got ${formatShape(x)}`)
  }
  const weight = (
    role: string,
    name: string,
    expected: readonly (number | undefined)[],
  ): readonly number[] => {
    const found = Object.hasOwn(graph.weights, name) ? graph.weights[name] : undefined
    if (!found) return fail(`the ${role} "${name}" is not among the model's weights`)
    const fits =
      found.shape.length === expected.length &&
      expected.every((size, axis) => size === undefined || size === found.shape[axis])
    if (!fits) {
      const wanted = expected.map((size) => size ?? '?').join('x')
      fail(`the ${role} "${name}" has shape ${formatShape(found.shape)}, expected ${wanted}`)
    }
    return found.shape
  }

  const expectRows = (): void => {
    if (x.length < 2) fail(`expects at least [N, C], got ${formatShape(x)}`)
  }
  const expectWhole = (
    settings: Readonly<Record<string, readonly [values: readonly number[], minimum: number]>>,
  ) => {
    for (const [what, [values, minimum]] of Object.entries(settings)) {
      if (values.every((value) => Number.isSafeInteger(value) && value >= minimum)) continue
      fail(`${what} must be whole numbers of at least ${minimum}, got ${values.join(', ')}`)
    }
  }
  const expectAxis = (axis: number): void => {
    if (Number.isInteger(axis) && axis >= 1 && axis < x.length) return
    fail(`axis must be a whole number from 1 to ${x.length - 1} for an input ${formatShape(x)}, got ${axis}`)
  }
  const slid = (
    h: number,
    w: number,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
  ): readonly [number, number] => {
    const height = convolvedSize(h, kernel[0], stride[0], padding[0], dilation[0])
    const width = convolvedSize(w, kernel[1], stride[1], padding[1], dilation[1])
    if (height < 1 || width < 1) {
      fail(
        `a ${kernel.join('x')} kernel does not fit into an input of ${h}x${w} padded by ${padding.join(', ')}`,
      )
    }
    return [height, width]
  }
  const along = (axis: number, size: number): readonly number[] =>
    x.map((old, at) => (at === axis ? size : old))

  if (isUnary(node)) return x
  switch (node.op) {
    case 'conv2d': {
      expectRank(4, '[N, C, H, W]')
      const [n, c, h, w] = x as [number, number, number, number]
      expectWhole({
        stride: [node.stride, 1],
        padding: [node.padding, 0],
        dilation: [node.dilation, 1],
        groups: [[node.groups], 1],
      })
      if (c % node.groups !== 0) fail(`${c} input channels do not divide into ${node.groups} groups`)
      const [o = 0, , kh = 0, kw = 0] = weight('weight', node.weight, [
        undefined,
        c / node.groups,
        undefined,
        undefined,
      ])
      if (o % node.groups !== 0) fail(`${o} output channels do not divide into ${node.groups} groups`)
      if (node.bias !== undefined) weight('bias', node.bias, [o])
      return [n, o, ...slid(h, w, [kh, kw], node.stride, node.padding, node.dilation)]
    }
    case 'batchNorm': {
      if (x.length !== 4 && x.length !== 2)
        fail(`expects an input [N, C, H, W] or [N, C], got ${formatShape(x)}`)
      const channels = [x[1] as number]
      weight('weight', node.weight, channels)
      weight('bias', node.bias, channels)
      weight('running mean', node.runningMean, channels)
      weight('running variance', node.runningVar, channels)
      return x
    }
    case 'linear': {
      expectRows()
      const [o = 0] = weight('weight', node.weight, [undefined, x.at(-1)])
      if (node.bias !== undefined) weight('bias', node.bias, [o])
      return along(x.length - 1, o)
    }
    case 'affine': {
      const { scale, offset } = node
      if (![scale, offset].map(Math.fround).every(Number.isFinite))
        fail(`scale and offset must be finite in float32, got ${scale} and ${offset}`)
      return x
    }
    case 'add':
    case 'mul': {
      const [n, c] = x as readonly [number, number]
      const spread = x.length === 4 && [c, 1].some((channels) => sameShape(y, [n, channels, 1, 1]))
      if (!spread && !sameShape(x, y)) {
        const what = node.op === 'add' ? 'add' : 'multiply'
        fail(
          `cannot ${what} ${formatShape(x)} and ${formatShape(y)}; the second must have the same shape, or be [N, C, 1, 1] or [N, 1, 1, 1] beside [N, C, H, W]`,
        )
      }
      return x
    }
    case 'maximum':
      if (!sameShape(x, y))
        fail(`cannot take the larger of ${formatShape(x)} and ${formatShape(y)}; both must have one shape`)
      return x
    case 'globalAvgPool':
      expectRank(4, '[N, C, H, W]')
      return [x[0] as number, x[1] as number, 1, 1]
    case 'maxPool': {
      expectRank(4, '[N, C, H, W]')
      const { kernel, stride, padding } = node
      expectWhole({ kernel: [kernel, 1], stride: [stride, 1], padding: [padding, 0] })
      if (padding.some((size, axis) => 2 * size > (kernel[axis] as number))) {
        fail(`padding of ${padding.join(', ')} is more than half the kernel of ${kernel.join(', ')}`)
      }
      const [n, c, h, w] = x as [number, number, number, number]
      return [n, c, ...slid(h, w, kernel, stride, padding, [1, 1])]
    }
    case 'upsample': {
      expectRank(4, '[N, C, H, W]')
      const { mode, alignCorners, scale, size } = node
      if (mode === 'nearest' && alignCorners) fail('only bilinear can align corners')
      if ((scale === undefined) === (size === undefined)) fail('needs either a scale or a size')
      expectWhole({ ...(scale && { scale: [scale, 1] }), ...(size && { size: [size, 1] }) })
      const [n, c, h, w] = x as [number, number, number, number]
      const [height, width] = size ?? [h * (scale?.[0] ?? 1), w * (scale?.[1] ?? 1)]
      return [n, c, height, width]
    }
    case 'concat': {
      const { axis } = node
      expectAxis(axis)
      const misfit = inputs.findIndex((shape) => !sameShape(along(axis, shape[axis] as number), shape))
      if (misfit !== -1) {
        fail(
          `cannot join ${formatShape(x)} and "${node.inputs[misfit]}" ${formatShape(inputs[misfit] ?? [])} along axis ${axis}; the other sizes must be the same`,
        )
      }
      return along(
        axis,
        inputs.reduce((sum, shape) => sum + (shape[axis] as number), 0),
      )
    }
    case 'slice': {
      const { axis, start, end } = node
      expectAxis(axis)
      const size = x[axis] as number
      if (![start, end].every(Number.isInteger) || start < 0 || end <= start || end > size) {
        fail(
          `needs 0 <= start < end <= ${size} along axis ${axis} of ${formatShape(x)}, got ${start} and ${end}`,
        )
      }
      return along(axis, end - start)
    }
    case 'channelShuffle':
      expectRank(4, '[N, C, H, W]')
      expectWhole({ groups: [[node.groups], 1] })
      if ((x[1] as number) % node.groups !== 0)
        fail(`${x[1]} channels do not divide into ${node.groups} groups`)
      return x
    case 'flatten':
      expectRows()
      return [x[0] as number, x.slice(1).reduce((product, size) => product * size, 1)]
    case 'softmax':
      expectRows()
      return x
    case 'layerNorm':
      expectRows()
      if (node.weight !== undefined) weight('weight', node.weight, [x.at(-1)])
      if (node.bias !== undefined) weight('bias', node.bias, [x.at(-1)])
      return x
    case 'matmul': {
      const rank = x.length
      const [k = 0, p = 0] = node.transposeB ? y.slice(-2).reverse() : y.slice(-2)
      if (rank < 3 || y.length !== rank || !sameShape(x.slice(0, -2), y.slice(0, -2)) || k !== x[rank - 1]) {
        const second = node.transposeB ? '[N, ..., P, K]' : '[N, ..., K, P]'
        fail(`expects [N, ..., M, K] and ${second}, got ${formatShape(x)} and ${formatShape(y)}`)
      }
      return along(rank - 1, p)
    }
    case 'reshape':
      return (
        reshaped(x, node.shape) ??
        fail(
          `cannot reshape ${formatShape(x)} to ${node.shape.join(', ')}; begin with 0 or -1, and keep the elements`,
        )
      )
    case 'transpose': {
      const { permutation } = node
      if (
        permutation[0] !== 0 ||
        !sameShape(
          [...permutation].sort((a, b) => a - b),
          [...x.keys()],
        )
      ) {
        fail(`axes must be 0, then 1 to ${x.length - 1} in any order, got ${permutation.join(', ')}`)
      }
      return permutation.map((axis) => x[axis] as number)
    }
    case 'parameter': {
      const found = graph.weights[node.weight]?.shape ?? []
      const [, ...rest] = weight('weight', node.weight, [1, found[1], ...found.slice(2)])
      return [x[0] as number, ...rest]
    }
    default:
      node satisfies never
      return fail('unknown op')
  }
}

function reshaped(from: readonly number[], to: readonly number[]): readonly number[] | undefined {
  const shape = to.map((size, axis) => (size === 0 ? (from[axis] ?? 0) : size))
  const product = (sizes: readonly number[]): number => sizes.reduce((result, size) => result * size, 1)
  const open = shape.indexOf(-1)
  if (open !== -1) shape[open] = -product(from) / product(shape)
  const isWhole = shape.every((size) => Number.isSafeInteger(size) && size > 0)
  return (to[0] === 0 || to[0] === -1) && isWhole && product(shape) === product(from) ? shape : undefined
}

/** floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1, as in `torch.nn.Conv2d`. */
function convolvedSize(
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
): number {
  return Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1
}
