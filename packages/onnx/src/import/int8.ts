/** Weights in 8 bits, and the layers in int8 that this package writes: see `lowerIntegerConvolution`. */
import { elementCount, type Node, sameShape } from '@mobileone/core'
import type { OnnxNode } from '../proto.ts'
import { attribute } from './attributes.ts'
import type { ByteConstant, Constant, FloatConstant, Levels } from './constant.ts'
import type { ImportGraph, Made, Own, Source, Stepped, Value } from './import-graph.ts'

/** Weights, and the bias that onnxruntime's quantiser stores as int32, as the numbers they stand for. */
export function dequantizeLinear(graph: ImportGraph, node: OnnxNode): Value {
  const value = graph.input(node, 0)
  if (value.kind === 'deferred' && value.form === 'levels') {
    return isUnit(graph, node) ? { ...value, form: 'numbers' } : refuseActivations(graph, node)
  }
  if (attribute(node, 'block_size', 'int')) graph.unsupported(node, 'scales for blocks of weights')
  const scale = graph.floats(node, 1)
  if (value.kind === 'bytes') return weightOf(graph, node, value, scale)
  if (value.kind !== 'constant' || value.data instanceof Float32Array) return refuseActivations(graph, node)
  const { data } = value
  const [count, all] = [scale.data.length, data.length]
  if (node.inputs[2] || (count !== 1 && count !== all)) {
    graph.unsupported(node, `whole numbers with ${count} scales or with zero points`)
  }
  graph.charge(all)
  const numbers = Float32Array.from(data, (level, index) => level * (scale.data[index % count] as number))
  return { ...value, data: numbers }
}

/** Only of a value in steps, as this package writes layers in int8. */
export function quantizeLinear(graph: ImportGraph, node: OnnxNode): Value {
  const value = graph.input(node, 0)
  if (value.kind !== 'deferred' || value.form !== 'divided' || !isUnit(graph, node)) {
    return refuseActivations(graph, node)
  }
  return { ...value, form: 'levels' }
}

function refuseActivations(graph: ImportGraph, node: OnnxNode): never {
  return graph.unsupported(
    node,
    'activations in 8 bits of another program: what they cut off may stand for a ReLU that it left out; ' +
      'export the model in float32, or with its weights alone in 8 bits',
  )
}

/** Whether the scale is 1 and the zero point an int8 0. */
function isUnit(graph: ImportGraph, node: OnnxNode): boolean {
  const scale = graph.floats(node, 1)
  const zero = node.inputs[2] ? graph.input(node, 2) : undefined
  const isOne = scale.data.length === 1 && scale.data[0] === 1
  return isOne && zero?.kind === 'bytes' && !zero.isUnsigned && zero.data.every((level) => level === 0)
}

function weightOf(
  graph: ImportGraph,
  node: OnnxNode,
  value: ByteConstant,
  scale: FloatConstant,
): FloatConstant {
  const { name, shape, data, isUnsigned } = value
  const isOne = scale.data.length === 1 && scale.shape.length <= 1
  const given = attribute(node, 'axis', 'int') ?? 1
  const axis = isOne ? 0 : given < 0 ? given + shape.length : given
  const channels = shape[axis]
  if (axis > 1 || channels === undefined) {
    return graph.unsupported(
      node,
      `scales along axis ${given} of [${shape.join(', ')}]; 0 and 1 are supported`,
    )
  }
  const spread = <T extends Float32Array | Int8Array>(of: T, what: string): T => {
    if (of.length === channels) return of
    if (!isOne || of.length !== 1) {
      return graph.invalid(node, `${of.length} ${what} for ${channels} channels along axis ${axis}`)
    }
    graph.charge(channels)
    return (of instanceof Int8Array ? new Int8Array(channels) : new Float32Array(channels)).fill(
      of[0] as number,
    ) as T
  }
  const zero = node.inputs[2] ? graph.input(node, 2) : undefined
  if (zero && (zero.kind !== 'bytes' || zero.isUnsigned !== isUnsigned)) {
    return graph.unsupported(node, 'zero points that are not constants of the type of the weight')
  }
  const zeroPoints = zero ? zero.data : isUnsigned ? Int8Array.of(-128) : undefined
  if (zeroPoints && !zero) graph.charge(channels)
  const levels: Levels = {
    data,
    scales: spread(scale.data, 'scales'),
    ...(zeroPoints && {
      zeroPoints: zero ? spread(zeroPoints, 'zero points') : new Int8Array(channels).fill(-128),
    }),
    axis,
  }
  return dequantized(graph, name, shape, levels)
}

/** The constant that `levels` stand for, whose numbers are made when they are asked for. */
export function dequantized(
  graph: ImportGraph,
  name: string,
  shape: readonly number[],
  levels: Levels,
): FloatConstant {
  const { data, scales, zeroPoints, axis } = levels
  const inner = elementCount(shape.slice(axis + 1))
  let numbers: Float32Array | undefined
  return {
    kind: 'constant',
    name,
    shape,
    levels,
    get data() {
      if (numbers) return numbers
      graph.charge(data.length)
      numbers = Float32Array.from(data, (level, index) => {
        const channel = Math.floor(index / inner) % scales.length
        return (scales[channel] as number) * (level - (zeroPoints?.[channel] ?? 0))
      })
      return numbers
    },
  }
}

/** `value / by`, one divisor a channel of a map: the steps of a layer in int8. */
export function divided(graph: ImportGraph, node: OnnxNode, value: Value, by: Value): Stepped | undefined {
  if (by.kind !== 'constant' || !(by.data instanceof Float32Array) || value.kind !== 'made') return undefined
  if (!isPerChannel(by, value)) return undefined
  const reader = graph.soleReader(node)?.op
  if (reader !== 'QuantizeLinear' && reader !== 'Max') return undefined
  return { kind: 'deferred', form: 'divided', of: value, steps: by as FloatConstant, stride: [1, 1] }
}

function isPerChannel({ shape }: Constant, value: Made): boolean {
  return value.shape.length === 4 && sameShape(shape, [value.shape[1] as number, 1, 1])
}

/** The product of two constants of one shape, which remembers both. */
export function constantProduct(graph: ImportGraph, node: OnnxNode, a: Constant, b: Value): Value {
  const isFloat = a.data instanceof Float32Array && b.kind === 'constant' && b.data instanceof Float32Array
  if (!isFloat || !sameShape(a.shape, b.shape)) {
    return graph.unsupported(node, 'a product of constants of two shapes; only of one shape is supported')
  }
  graph.charge(a.data.length)
  const factors = [a as FloatConstant, b as FloatConstant] as const
  const data = factors[0].data.map((value, index) => value * (factors[1].data[index] as number))
  return { kind: 'constant', name: node.outputs[0] as string, shape: a.shape, data, factors } as FloatConstant
}

/** What a square layer takes of its own input, where an Add alone reads it: undefined where `by` is no diagonal. */
export function ownShare(graph: ImportGraph, node: OnnxNode, value: Value, by: Constant): Own | undefined {
  if (!(by.data instanceof Float32Array) || graph.soleReader(node)?.op !== 'Add') return undefined
  const isStepped = value.kind === 'deferred' && (value.form === 'numbers' || value.form === 'strided')
  const read: Source | undefined = isStepped
    ? value
    : value.kind === 'made'
      ? { of: value, stride: [1, 1] }
      : undefined
  if (!read) return undefined
  const { of, steps, stride } = read
  const isDiagonal =
    isPerChannel(by, of) || (of.shape.length !== 4 && sameShape(by.shape, of.shape.slice(-1)))
  const diagonal = steps ? otherFactor(by as FloatConstant, steps) : (by as FloatConstant)
  if (!isDiagonal || !diagonal) return undefined
  return { kind: 'deferred', form: 'own', of, ...(steps && { steps }), stride, diagonal, source: node }
}

function otherFactor({ factors }: FloatConstant, one: FloatConstant): FloatConstant | undefined {
  if (factors?.[0] === one) return factors[1]
  return factors?.[1] === one ? factors[0] : undefined
}

/** A Slice of every so many rows and columns of a map, from the first on, for the diagonal of a layer with that stride. */
export function stridedSlice(graph: ImportGraph, node: OnnxNode): Stepped | undefined {
  const value = graph.input(node, 0)
  const isStepped = value.kind === 'deferred' && value.form === 'numbers'
  if (!node.inputs[4] || !node.inputs[3] || !(isStepped || value.kind === 'made')) return undefined
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map((index) => graph.integers(node, index))
  const [height = 1, width = 1] = steps ?? []
  const { of } = isStepped ? value : { of: value as Made }
  const isWhole = ends?.every((end, index) => end >= (of.shape[2 + index] ?? 0))
  const isOfMap = sameShape(axes ?? [], [2, 3]) && sameShape(starts ?? [], [0, 0]) && isWhole
  if (!isOfMap || steps?.length !== 2 || height * width === 1 || graph.soleReader(node)?.op !== 'Mul') {
    return undefined
  }
  const source = isStepped ? value : { of }
  return { ...source, kind: 'deferred', form: 'strided', stride: [height, width] }
}

/** Whether a convolution may read levels: as `integerWeight` of the core has it. */
export function isIntegerLayer(
  { levels }: FloatConstant,
  sizes: readonly number[],
  padding: readonly number[],
): boolean {
  const isPointwise = sizes.every((size) => size === 1) && padding.every((size) => size === 0)
  return isPointwise && levels?.axis === 0 && !levels.zeroPoints
}

/** Append a layer with an int8 or other weight, together with what an Add alone gives it of its own input. */
export function emitSquare(
  graph: ImportGraph,
  node: OnnxNode,
  source: Source,
  weight: FloatConstant,
  build: (name: string, weight: string) => Node,
): Value {
  const { of, steps, stride } = source
  const next = graph.soleReader(node)
  const other = next?.op === 'Add' ? next.inputs.find((name) => name !== node.outputs[0]) : undefined
  const found = other === undefined ? undefined : graph.find(other)
  const own =
    found?.kind === 'deferred' && found.form === 'own' && weight.levels?.axis === 0 ? found : undefined
  const isOwn =
    own !== undefined &&
    own.of === of &&
    own.steps === steps &&
    sameShape(own.stride, stride) &&
    own.diagonal.data.length === weight.shape[0] &&
    elementCount(weight.shape) === own.diagonal.data.length ** 2
  const apart = { ...(steps && { inputSteps: steps }), ...(isOwn && { diagonal: own.diagonal }) }
  const made = graph.emit(node, (name) => build(name, graph.weight(weight, weight.shape, apart)))
  return isOwn ? { kind: 'deferred', form: 'whole', of: made, own } : made
}

/** The layer whose own share is the other addend. */
export function wholeLayer(a: Value, b: Value): Made | undefined {
  for (const [layer, own] of [
    [a, b],
    [b, a],
  ] as const) {
    if (layer.kind === 'deferred' && layer.form === 'whole' && layer.own === own) return layer.of
  }
  return undefined
}
