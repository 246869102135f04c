import { sameShape, type Unary } from '@mobileone/core'
import type { OnnxNode } from '../proto.ts'
import { attribute } from './attributes.ts'
import type { Constant, FloatConstant } from './constant.ts'
import type { ImportGraph, Made, Value } from './import-graph.ts'
import { constantProduct, divided, ownShare, wholeLayer } from './int8.ts'
import { biasOf, emitLinear, emitMatmul, type Rule } from './layers.ts'

export const elementwiseRules: Readonly<Record<string, Rule>> = {
  Relu: (graph, node) => unary(graph, node, 'relu'),
  Sigmoid: sigmoid,
  Gelu: (graph, node) => {
    if ((attribute(node, 'approximate', 'string') ?? 'none') !== 'none') {
      graph.unsupported(node, 'the tanh approximation of GELU; only the exact form is supported')
    }
    return unary(graph, node, 'gelu')
  },
  Clip: clip,
  HardSigmoid: hardSigmoid,
  HardSwish: (graph, node) => unary(graph, node, 'hardSwish'),
  Erf: erf,
  Add: add,
  Sum: sum,
  Mul: mul,
  Div: div,
  Sub: sub,
  Max: max,
}

function unary(graph: ImportGraph, node: OnnxNode, op: Unary['op'], of?: Made): Value {
  const x = of ?? graph.made(node, 0)
  return graph.emit(node, (name) => ({ op, name, inputs: [x.name] }))
}

/** A sigmoid whose only reader multiplies it by its own input is half of a SiLU. */
function sigmoid(graph: ImportGraph, node: OnnxNode): Value {
  const x = graph.made(node, 0)
  const reader = graph.soleReader(node)
  const other = reader?.op === 'Mul' ? reader.inputs.find((name) => name !== node.outputs[0]) : undefined
  if (other !== undefined && graph.find(other) === x) {
    return { kind: 'deferred', form: 'sigmoid', of: x, factor: 1 }
  }
  return unary(graph, node, 'sigmoid')
}

/** ReLU as a clip from 0, ReLU6 as one to 6. Bounds are attributes before opset 11, inputs since. */
function clip(graph: ImportGraph, node: OnnxNode): Value {
  const bound = (index: number, name: string, otherwise: number): number =>
    node.inputs[index]
      ? (scalar(graph.floats(node, index)) ?? Number.NaN)
      : (attribute(node, name, 'float') ?? otherwise)
  const low = bound(1, 'min', Number.NEGATIVE_INFINITY)
  const high = bound(2, 'max', Number.POSITIVE_INFINITY)
  const largestFloat32 = 3.4028234663852886e38
  if (low === 0 && high === 6) return unary(graph, node, 'relu6')
  if (low === 0 && high >= largestFloat32) return unary(graph, node, 'relu')
  return graph.unsupported(
    node,
    `a clip to [${low}, ${high}]; only [0, infinity), which is ReLU, and [0, 6], which is ReLU6, are supported`,
  )
}

function hardSigmoid(graph: ImportGraph, node: OnnxNode): Value {
  const alpha = attribute(node, 'alpha', 'float') ?? 0.2
  const beta = attribute(node, 'beta', 'float') ?? 0.5
  if (near(alpha, 1 / 6) && near(beta, 0.5)) return unary(graph, node, 'hardSigmoid')
  return graph.unsupported(
    node,
    `clips ${alpha} x + ${beta} to [0, 1]; only x / 6 + 1/2, as PyTorch and MobileNetV3 have it, is supported`,
  )
}

/** The number a one-element constant holds, unless it would add axes to the value `beside` it. */
function scalar(value: Value, beside?: Value): number | undefined {
  if (value.kind !== 'constant' || !(value.data instanceof Float32Array) || value.data.length !== 1)
    return undefined
  const { shape } = beside?.kind === 'deferred' ? beside.of : (beside ?? value)
  return value.shape.length <= shape.length ? value.data[0] : undefined
}

/** Whether `constant` is one item of the shape of `x`, as position embeddings are. */
function isPlaces(constant: Constant, x: Made): constant is FloatConstant {
  const [items, ...rest] = constant.shape
  const isRow = x.shape.length > 2 && items === 1 && sameShape(rest, x.shape.slice(1))
  return isRow && constant.data instanceof Float32Array
}

/** Zeros that `x` keeps its shape beside: PyTorch adds the number 0 for the branches that a block does not have. */
function isZero(constant: Constant, x: Made): boolean {
  const { shape, data } = constant
  const offset = x.shape.length - shape.length
  const fits = offset >= 0 && shape.every((size, axis) => size === 1 || size === x.shape[axis + offset])
  return fits && data.every((value) => value === 0)
}

/** Equal up to the rounding of a float16 constant. */
function near(value: number | undefined, wanted: number): boolean {
  return value !== undefined && Math.abs(value - wanted) <= 5e-4 * Math.abs(wanted)
}

function erf(graph: ImportGraph, node: OnnxNode): Value {
  const value = graph.input(node, 0)
  if (value.kind !== 'deferred' || value.form !== 'scaled' || !near(value.factor, Math.SQRT1_2)) {
    return graph.unsupported(node, 'erf is understood only as part of a GELU, x (1 + erf(x / sqrt 2)) / 2')
  }
  return { ...value, form: 'erf', factor: 1 }
}

function add(graph: ImportGraph, node: OnnxNode): Value {
  const [a, b] = constantLast(graph.input(node, 0), graph.input(node, 1))
  const whole = wholeLayer(a, b)
  if (whole) return whole
  if (a.kind === 'deferred' && a.form === 'matmul') {
    const bias = b.kind === 'constant' && b.data instanceof Float32Array ? (b as FloatConstant) : undefined
    if (!bias)
      return graph.unsupported(node, 'the addend of a matrix product must be a constant float tensor')
    return emitLinear(graph, node, a.of, a.weight, biasOf(graph, node, bias, a.weight))
  }
  if (a.kind === 'deferred' && a.form === 'erf' && near(scalar(b, a), 1)) {
    return { ...a, form: 'phi' }
  }
  if (b.kind === 'constant') {
    if (a.kind === 'made' && isZero(b, a)) return a
    const number = scalar(b, a)
    if (number !== undefined) return shifted(graph, node, a, number)
    const own = a.kind === 'made' && isPlaces(b, a) ? emitParameter(graph, node, b, a.name, 'own') : undefined
    if (a.kind === 'made' && own) return addUp(graph, node, [a, own])
    graph.unsupported(
      node,
      'adding a constant tensor; only zeros, numbers, a tensor of the shape of one item and the bias of a matrix product are supported',
    )
  }
  return addUp(graph, node, [graph.made(node, 0), graph.made(node, 1)])
}

function sum(graph: ImportGraph, node: OnnxNode): Value {
  const values = node.inputs.map((_, index) => graph.made(node, index))
  if (values.length === 0) graph.invalid(node, 'a sum of nothing')
  return addUp(graph, node, values)
}

/** A weight as a value, for every item of the batch of `like`. */
export function emitParameter(
  graph: ImportGraph,
  node: OnnxNode,
  constant: FloatConstant,
  like: string,
  part?: string,
): Made {
  const weight = graph.weight(constant)
  return graph.emit(node, (name) => ({ op: 'parameter', name, inputs: [like], weight }), part)
}

/** A chain of adds from left to right. */
function addUp(graph: ImportGraph, node: OnnxNode, values: readonly Made[]): Value {
  let total = values[0] as Made
  for (const [index, value] of values.entries()) {
    if (index === 0) continue
    const inputs = operands(graph, node, '+', total, value)
    const part = index === values.length - 1 ? undefined : String(index)
    total = graph.emit(node, (name) => ({ op: 'add', name, inputs }), part)
  }
  return total
}

/** `value` plus a number, with the factor that it has. */
function shifted(graph: ImportGraph, node: OnnxNode, value: Value, offset: number): Value {
  const { of, factor } =
    value.kind === 'deferred' && value.form === 'scaled' ? value : { of: value, factor: 1 }
  if (of.kind !== 'made') return graph.unsupported(node, 'adding a number to a step of a GELU')
  return graph.emit(node, (name) => ({ op: 'affine', name, inputs: [of.name], scale: factor, offset }))
}

function sub(graph: ImportGraph, node: OnnxNode): Value {
  const [a, b] = [graph.input(node, 0), graph.input(node, 1)]
  const [left, right] = [scalar(a, b), scalar(b, a)]
  if (right !== undefined && b.kind === 'constant') return shifted(graph, node, a, -right)
  if (left === undefined) {
    return graph.unsupported(node, 'a difference of two values; only those from or of a number are supported')
  }
  const x = graph.made(node, 1)
  return graph.emit(node, (name) => ({ op: 'affine', name, inputs: [x.name], scale: -1, offset: left }))
}

/** The larger of two values, of more than two one after the other. */
function max(graph: ImportGraph, node: OnnxNode): Value {
  const divided = node.inputs.length === 2 && graph.input(node, 0)
  if (divided && divided.kind === 'deferred' && divided.form === 'divided') {
    // Levels begin at 0 anyway.
    if (scalar(graph.input(node, 1)) === 0) return divided
  }
  const values = node.inputs.map((_, index) => graph.made(node, index))
  if (values.length === 0) graph.invalid(node, 'the largest of nothing')
  let largest = values[0] as Made
  for (const [index, { name: other, shape }] of values.entries()) {
    if (index === 0) continue
    if (!sameShape(largest.shape, shape)) {
      graph.unsupported(
        node,
        `the larger of [${largest.shape.join(', ')}] and [${shape.join(', ')}]; both values must have one shape`,
      )
    }
    const inputs: [string, string] = [largest.name, other]
    const part = index === values.length - 1 ? undefined : String(index)
    largest = graph.emit(node, (name) => ({ op: 'maximum', name, inputs }), part)
  }
  return largest
}

function mul(graph: ImportGraph, node: OnnxNode): Value {
  const [a, b] = constantLast(graph.input(node, 0), graph.input(node, 1))
  if (a.kind === 'deferred' && a.form === 'product') {
    const factor = scalar(b, a)
    return factor === undefined
      ? graph.unsupported(node, 'a matrix product times a tensor; only a number is supported')
      : emitMatmul(graph, node, a.of, a.by, factor)
  }
  if (a.kind === 'constant') return constantProduct(graph, node, a, b)
  if (b.kind === 'constant') return ownShare(graph, node, a, b) ?? scale(graph, node, a, scalar(b, a))
  if (a.kind !== 'made' || b.kind !== 'made') return product(graph, node, a, b)
  const inputs = operands(graph, node, '*', a, b)
  return graph.emit(node, (name) => ({ op: 'mul', name, inputs }))
}

/** Both names, that of the larger value first. */
function operands(graph: ImportGraph, node: OnnxNode, sign: string, a: Made, b: Made): [string, string] {
  const [whole, gate] = isGate(a, b) ? [b, a] : [a, b]
  if (!sameShape(whole.shape, gate.shape) && !isGate(gate, whole)) {
    graph.unsupported(
      node,
      `[${a.shape.join(', ')}] ${sign} [${b.shape.join(', ')}]; the shapes must be equal, or one [N, C, 1, 1] or [N, 1, 1, 1]`,
    )
  }
  return [whole.name, gate.name]
}

/** Whether `gate` is [N, C, 1, 1] or [N, 1, 1, 1] beside a larger [N, C, H, W]. */
function isGate(gate: Made, whole: Made): boolean {
  const [n, c] = whole.shape as readonly [number, number]
  return (
    whole.shape.length === 4 &&
    [c, 1].some((channels) => sameShape(gate.shape, [n, channels, 1, 1])) &&
    !sameShape(gate.shape, whole.shape)
  )
}

function div(graph: ImportGraph, node: OnnxNode): Value {
  const value = graph.input(node, 0)
  const by = graph.input(node, 1)
  const inSteps = divided(graph, node, value, by)
  if (inSteps) return inSteps
  const divisor = scalar(by, value)
  return scale(graph, node, value, divisor === undefined ? undefined : 1 / divisor)
}

/** `value` times a constant: a step of a GELU, `x / sqrt 2` or `... / 2`. */
function scale(graph: ImportGraph, node: OnnxNode, value: Value, factor: number | undefined): Value {
  if (factor === undefined || value.kind === 'constant' || value.kind === 'bytes') {
    return graph.unsupported(node, 'scaling by a constant tensor; only scalars are supported')
  }
  if (value.kind === 'made') {
    const scaled = { kind: 'deferred', form: 'scaled', of: value, factor, source: node } as const
    return isStep(graph, node, factor) ? scaled : graph.settled(scaled)
  }
  if (value.form === 'scaled' || value.form === 'phi' || value.form === 'xphi') {
    return settle(graph, node, value.form, value.of, value.factor * factor)
  }
  return graph.unsupported(node, 'scaling by a constant; only the scalars of a GELU are supported')
}

/** Whether the product with `factor` that `node` makes may be part of a GELU, or of the sum with a number that alone reads it. */
function isStep(graph: ImportGraph, node: OnnxNode, factor: number): boolean {
  const reader = graph.soleReader(node)
  if (reader?.op === 'Erf') return true
  if (reader?.op === 'Mul') return near(factor, 0.5)
  if (reader?.op !== 'Add' && reader?.op !== 'Sub') return false
  return reader.inputs.some((name) => graph.find(name)?.kind === 'constant')
}

/** `x sigmoid(x)`, which is SiLU, `x (1 + erf(x / sqrt 2))`, which is twice GELU, or a product with a scaled value. */
function product(graph: ImportGraph, node: OnnxNode, a: Value, b: Value): Value {
  const [left, right] = [asFactor(a), asFactor(b)].sort((first, second) => rank(first) - rank(second))
  if (left?.form === 'scaled' && left.of === right?.of) {
    if (right.form === 'sigmoid' && left.factor === 1) return unary(graph, node, 'silu', left.of)
    if (right.form === 'phi') return settle(graph, node, 'xphi', left.of, left.factor * right.factor)
  }
  const [first, second] = [graph.settled(a), graph.settled(b)]
  if (first.kind === 'made' && second.kind === 'made') {
    const inputs = operands(graph, node, '*', first, second)
    return graph.emit(node, (name) => ({ op: 'mul', name, inputs }))
  }
  return graph.unsupported(node, 'a product with a step of a GELU that is neither GELU nor SiLU')
}

interface Factor {
  readonly form: string
  readonly of: Made
  readonly factor: number
}

function asFactor(value: Value): Factor | undefined {
  if (value.kind === 'made') return { form: 'scaled', of: value, factor: 1 }
  return value.kind === 'deferred' && 'factor' in value ? value : undefined
}

function rank(factor: Factor | undefined): number {
  return factor?.form === 'scaled' ? 0 : 1
}

function settle(
  graph: ImportGraph,
  node: OnnxNode,
  form: 'scaled' | 'phi' | 'xphi',
  of: Made,
  factor: number,
): Value {
  if (form === 'xphi' && near(factor, 0.5)) return unary(graph, node, 'gelu', of)
  if (form === 'scaled') return { kind: 'deferred', form, of, factor, source: node }
  return { kind: 'deferred', form, of, factor }
}

function constantLast(a: Value, b: Value): [Value, Value] {
  return a.kind === 'constant' ? [b, a] : [a, b]
}
