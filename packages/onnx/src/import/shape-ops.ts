import { elementCount, MobileOneError, sameShape } from '@mobileone/core'
import { limits } from '../limits.ts'
import { dataType, type OnnxNode } from '../proto.ts'
import { attribute } from './attributes.ts'
import { type Constant, decodeConstant, type FloatConstant } from './constant.ts'
import { emitParameter } from './elementwise.ts'
import type { ImportGraph, Made, Value } from './import-graph.ts'
import { type Rule, transposed } from './layers.ts'
import { gatherMap, joinMaps, slice, split } from './regions.ts'

/**
 * Ops that only rename, flatten, join or part values, or compute the shapes of a flatten or a resize: `x.view(x.size(0), -1)` is traced as Shape, Gather,
 * Unsqueeze, Concat and Reshape.
 */
export const shapeRules: Readonly<Record<string, Rule>> = {
  Constant: constant,
  Identity: (graph, node) => graph.input(node, 0),
  Dropout: dropout,
  Cast: cast,
  Flatten: flatten,
  Reshape: reshape,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Shape: shapeOf,
  Gather: gather,
  Concat: concat,
  Slice: slice,
  Split: split,
  Transpose: transpose,
  Expand: expand,
}

function constant(graph: ImportGraph, node: OnnxNode): Value {
  const name = node.outputs[0] as string
  const whole = (data: Constant['data'], shape: readonly number[]): Constant => ({
    kind: 'constant',
    name,
    shape,
    data,
  })
  const tensor = attribute(node, 'value', 'tensor')
  const float = attribute(node, 'value_float', 'float')
  const floats = attribute(node, 'value_floats', 'floats')
  const int = attribute(node, 'value_int', 'int')
  const ints = attribute(node, 'value_ints', 'ints')
  if (tensor) return decodeConstant(tensor, name)
  if (float !== undefined) return whole(Float32Array.of(float), [])
  if (floats) return whole(Float32Array.from(floats), [floats.length])
  if (int !== undefined) return whole([int], [])
  if (ints) return whole(ints, [ints.length])
  return graph.unsupported(node, 'a constant that is neither a tensor nor numbers')
}

function dropout(graph: ImportGraph, node: OnnxNode): Value {
  if (node.inputs[2] && graph.integers(node, 2)[0] !== 0) {
    graph.unsupported(node, 'training mode; export the network in evaluation mode (model.eval())')
  }
  return graph.input(node, 0)
}

/** Between float types, where it changes precision only: the imported model computes in float32. */
function cast(graph: ImportGraph, node: OnnxNode): Value {
  const to = attribute(node, 'to', 'int')
  const value = graph.input(node, 0)
  if (value.kind === 'bytes') {
    return graph.unsupported(node, 'a cast of 8 bits, which mean nothing before they are dequantised')
  }
  const whole = value.kind === 'constant' && !(value.data instanceof Float32Array)
  const kept: readonly (number | undefined)[] = whole
    ? [dataType.int32, dataType.int64]
    : [dataType.float, dataType.float16, dataType.bfloat16, dataType.double]
  if (!kept.includes(to)) {
    graph.unsupported(node, `a cast to element type ${to}; only casts between float types are supported`)
  }
  return value
}

function flatten(graph: ImportGraph, node: OnnxNode): Value {
  const x = graph.made(node, 0)
  const axis = attribute(node, 'axis', 'int') ?? 1
  if (axis !== 1 && axis !== 1 - x.shape.length) {
    graph.unsupported(node, `a flatten from axis ${axis}; only axis 1, which keeps the batch, is supported`)
  }
  return emitFlatten(graph, node, x)
}

function reshape(graph: ImportGraph, node: OnnxNode): Value {
  const value = graph.input(node, 0)
  const isShuffled = value.kind === 'deferred' && value.form === 'shuffled'
  const x = isShuffled ? value.of : graph.made(node, 0)
  const wanted = node.inputs[1] ? graph.integers(node, 1) : (attribute(node, 'shape', 'ints') ?? [])
  const keepsZero = attribute(node, 'allowzero', 'int') === 1
  const sizes = wanted.map((size, axis) => (size === 0 && !keepsZero ? (x.shape[axis] ?? 0) : size))
  const total = x.shape.reduce((product, size) => product * size, 1)
  const known = sizes.reduce((product, size) => (size === -1 ? product : product * size), 1)
  const shape = sizes.map((size) => (size === -1 ? total / known : size))
  if (isShuffled && sameShape(shape, x.shape)) {
    const { groups } = value
    return graph.emit(node, (name) => ({ op: 'channelShuffle', name, inputs: [x.name], groups }))
  }
  const [n = 0, groups = 0, share = 0, ...rest] = shape
  if (!isShuffled && groups > 0 && rest.length === 2 && sameShape([n, groups * share, ...rest], x.shape)) {
    return { kind: 'deferred', form: 'grouped', of: x, groups }
  }
  return isShuffled
    ? graph.unsupported(
        node,
        `reshapes shuffled channels to [${shape.join(', ')}], not back to [${x.shape.join(', ')}]`,
      )
    : reshapeTo(graph, node, x, shape)
}

function squeeze(graph: ImportGraph, node: OnnxNode): Value {
  const value = graph.input(node, 0)
  const x = value.kind === 'constant' ? value : graph.made(node, 0)
  const axes = axesOf(graph, node)?.map((axis) => (axis < 0 ? axis + x.shape.length : axis))
  const shape = x.shape.filter((size, axis) => (axes ? !axes.includes(axis) : size !== 1))
  return x.kind === 'constant' ? reshaped(graph, node, x, shape) : reshapeTo(graph, node, x, shape)
}

function unsqueeze(graph: ImportGraph, node: OnnxNode): Value {
  const value = graph.input(node, 0)
  if (value.kind !== 'constant')
    return graph.unsupported(node, 'adding an axis to a feature map; only to constants is supported')
  const axes = axesOf(graph, node) ?? []
  const rank = value.shape.length + axes.length
  if (rank > limits.rank)
    graph.invalid(node, `a constant of ${rank} axes, where at most ${limits.rank} belong`)
  const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)))
  const sizes = [...value.shape]
  const shape = Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (sizes.shift() ?? 0)))
  return reshaped(graph, node, value, shape)
}

/** `constant` in another shape, which must hold as many elements. */
function reshaped(
  graph: ImportGraph,
  node: OnnxNode,
  constant: Constant,
  shape: readonly number[],
): Constant {
  const { kind, name, data } = constant
  if (sameShape(shape, constant.shape)) return constant
  if (elementCount(shape) === data.length) return { kind, name, shape, data }
  return graph.invalid(node, `makes [${shape.join(', ')}] of [${constant.shape.join(', ')}]`)
}

/** The axes of a Squeeze or an Unsqueeze: an attribute before opset 13, an input since. */
function axesOf(graph: ImportGraph, node: OnnxNode): readonly number[] | undefined {
  return node.inputs[1] ? graph.integers(node, 1) : attribute(node, 'axes', 'ints')
}

function reshapeTo(graph: ImportGraph, node: OnnxNode, x: Made, shape: readonly number[]): Value {
  const [n = 1, ...rest] = x.shape
  const flat = [n, rest.reduce((product, size) => product * size, 1)]
  if (sameShape(shape, x.shape)) return x
  if (x.shape.length > 2 && sameShape(shape, flat)) return emitFlatten(graph, node, x)
  const [first = 0, ...others] = shape
  const size = (sizes: readonly number[]): number => sizes.reduce((product, each) => product * each, 1)
  if (others.length === 0 || size(shape) !== size(x.shape)) {
    return graph.unsupported(
      node,
      `reshapes [${x.shape.join(', ')}] to [${shape.join(', ')}]; it must keep the elements, and a batch in front`,
    )
  }
  const to = [first === n ? 0 : -1, ...others]
  return graph.emit(node, (name) => ({ op: 'reshape', name, inputs: [x.name], shape: to }))
}

function emitFlatten(graph: ImportGraph, node: OnnxNode, x: Made): Value {
  return graph.emit(node, (name) => ({ op: 'flatten', name, inputs: [x.name] }))
}

function shapeOf(graph: ImportGraph, node: OnnxNode): Value {
  const { shape } = graph.made(node, 0)
  const sizes = shape.slice(
    attribute(node, 'start', 'int') ?? 0,
    attribute(node, 'end', 'int') ?? shape.length,
  )
  return wholeNumbers(node, [sizes.length], sizes)
}

function gather(graph: ImportGraph, node: OnnxNode): Value {
  const value = graph.settled(graph.input(node, 0))
  if (value.kind === 'made') return gatherMap(graph, node, value)
  const sizes = list(graph, node, 0)
  const picked = graph.integers(node, 1).map((index) => {
    const size = sizes.at(index)
    return size ?? graph.invalid(node, `index ${index} of ${sizes.length} numbers`)
  })
  const indices = graph.input(node, 1)
  return wholeNumbers(node, indices.kind === 'constant' ? indices.shape : [], picked)
}

/** Input `index` as whole numbers of one axis. */
function list(graph: ImportGraph, node: OnnxNode, index: number): readonly number[] {
  const numbers = graph.integers(node, index)
  const { shape = [] } = graph.input(node, index) as Constant
  if (shape.length === 1) return numbers
  return graph.unsupported(node, `a constant of shape [${shape.join(', ')}]; only lists are supported`)
}

function concat(graph: ImportGraph, node: OnnxNode): Value {
  const isOfMaps = node.inputs.some((name) => (graph.find(name)?.kind ?? 'constant') !== 'constant')
  if (isOfMaps) return joinMaps(graph, node)
  const sizes: number[] = []
  for (const index of node.inputs.keys()) {
    sizes.push(...list(graph, node, index))
    if (sizes.length > limits.shapeNumbers) graph.invalid(node, `a shape of ${sizes.length} numbers`)
  }
  return wholeNumbers(node, [sizes.length], sizes)
}

function transpose(graph: ImportGraph, node: OnnxNode): Value {
  const value = graph.input(node, 0)
  const order = attribute(node, 'perm', 'ints') ?? []
  if (value.kind === 'deferred' && value.form === 'grouped' && sameShape(order, [0, 2, 1, 3, 4])) {
    return { ...value, form: 'shuffled' }
  }
  if (value.kind === 'made' && order[0] === 0) {
    return graph.emit(node, (name) => ({ op: 'transpose', name, inputs: [value.name], permutation: order }))
  }
  const swaps = sameShape(attribute(node, 'perm', 'ints') ?? [1, 0], [1, 0])
  if (value.kind !== 'constant' || !(value.data instanceof Float32Array) || !swaps) {
    return graph.unsupported(
      node,
      'only the transposition of a constant matrix, and of values whose batch stays in front, is supported',
    )
  }
  return transposed(graph, node, value as FloatConstant)
}

/** Of a weight of one item to a batch: class tokens. */
function expand(graph: ImportGraph, node: OnnxNode): Value {
  const constant = graph.floats(node, 0)
  const [batch, ...rest] = graph.integers(node, 1)
  const [items, ...sizes] = constant.shape
  const isBatch =
    items === 1 && rest.length === sizes.length && rest.every((to, axis) => to === 1 || to === sizes[axis])
  const like = graph.ofBatch(batch)
  if (isBatch && sizes.length > 0 && like !== undefined) return emitParameter(graph, node, constant, like)
  return graph.unsupported(
    node,
    `expands [${constant.shape.join(', ')}] to [${[batch, ...rest].join(', ')}]; only [1, ...] to the batch is supported`,
  )
}

function wholeNumbers(node: OnnxNode, shape: readonly number[], data: readonly number[]): Constant {
  if (!data.every(Number.isFinite))
    throw new MobileOneError('invalid-file', `node "${node.name}": a size that is not a number`)
  return { kind: 'constant', name: node.outputs[0] as string, shape, data }
}
