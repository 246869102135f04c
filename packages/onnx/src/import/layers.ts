import { sameShape } from '@mobileone/core'
import type { OnnxNode } from '../proto.ts'
import { attribute } from './attributes.ts'
import type { FloatConstant } from './constant.ts'
import type { ImportGraph, Made, Value } from './import-graph.ts'
import { dequantized, dequantizeLinear, emitSquare, isIntegerLayer, quantizeLinear } from './int8.ts'
import { resize } from './resize.ts'

/** Read one ONNX node: what its output 0 is. Appends model nodes where it computes something. */
export type Rule = (graph: ImportGraph, node: OnnxNode) => Value

export const layerRules: Readonly<Record<string, Rule>> = {
  Conv: conv,
  BatchNormalization: batchNormalization,
  Gemm: gemm,
  MatMul: matMul,
  GlobalAveragePool: (graph, node) => pool(graph, node),
  AveragePool: averagePool,
  MaxPool: maxPool,
  Resize: resize,
  Upsample: resize,
  ReduceMean: reduceMean,
  Softmax: softmax,
  LayerNormalization: layerNormalization,
  DequantizeLinear: dequantizeLinear,
  QuantizeLinear: quantizeLinear,
}

function conv(graph: ImportGraph, node: OnnxNode): Value {
  const read = graph.input(node, 0)
  const isStepped = read.kind === 'deferred' && read.form === 'numbers'
  const x = isStepped ? read.of : graph.made(node, 0)
  const weight = graph.floats(node, 1)
  if (weight.shape.length !== 4 || x.shape.length !== 4) {
    graph.unsupported(
      node,
      `a ${weight.shape.length - 2}-D convolution; only 2-D images [N, C, H, W] are supported`,
    )
  }
  const kernel = weight.shape.slice(2)
  const declared = attribute(node, 'kernel_shape', 'ints')
  if (declared && !sameShape(declared, kernel)) {
    graph.invalid(
      node,
      `kernel_shape is [${declared.join(', ')}] and the weight's kernel [${kernel.join(', ')}]`,
    )
  }
  const stride = pairOf(graph, node, 'strides')
  const dilation = pairOf(graph, node, 'dilations')
  const padding = symmetricPadding(graph, node, windowPads(graph, node, x, kernel, stride, dilation))
  const bias = node.inputs[2] ? graph.floats(node, 2) : undefined
  const groups = attribute(node, 'group', 'int') ?? 1
  const steps = isStepped ? read.steps : undefined
  if (steps && !isIntegerLayer(weight, [...kernel, groups], padding)) {
    graph.unsupported(
      node,
      'reads levels of int8 and is not pointwise, of one group and without padding, with int8 weights of one scale an output channel',
    )
  }
  return emitSquare(graph, node, { of: x, ...(steps && { steps }), stride }, weight, (name, held) => ({
    op: 'conv2d',
    name,
    inputs: [x.name],
    weight: held,
    ...(bias && { bias: graph.weight(bias) }),
    stride,
    padding,
    dilation,
    groups,
  }))
}

/** An attribute of two numbers, ones where it is absent. */
function pairOf(graph: ImportGraph, node: OnnxNode, name: string): readonly [height: number, width: number] {
  const given = attribute(node, name, 'ints') ?? [1, 1]
  if (given.length !== 2) graph.invalid(node, `${name} has ${given.length} numbers, expected 2`)
  return [given[0] as number, given[1] as number]
}

/** [top, left, bottom, right], as `pads` or `auto_pad` say. */
function windowPads(
  graph: ImportGraph,
  node: OnnxNode,
  x: Made,
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
): readonly number[] {
  const mode = attribute(node, 'auto_pad', 'string') ?? 'NOTSET'
  if (mode === 'NOTSET') {
    const pads = attribute(node, 'pads', 'ints') ?? [0, 0, 0, 0]
    if (pads.length !== 4) graph.invalid(node, `pads has ${pads.length} numbers, expected 4`)
    return pads
  }
  if (mode === 'VALID') return [0, 0, 0, 0]
  if (mode !== 'SAME_UPPER' && mode !== 'SAME_LOWER') return graph.invalid(node, `auto_pad is "${mode}"`)
  const begin: number[] = []
  const end: number[] = []
  for (const axis of [0, 1]) {
    const size = x.shape[2 + axis] as number
    const step = stride[axis] as number
    const reach = (dilation[axis] as number) * ((kernel[axis] as number) - 1) + 1
    const total = Math.max((Math.ceil(size / step) - 1) * step + reach - size, 0)
    const less = Math.floor(total / 2)
    begin.push(mode === 'SAME_UPPER' ? less : total - less)
    end.push(mode === 'SAME_UPPER' ? total - less : less)
  }
  return [...begin, ...end]
}

function symmetricPadding(
  graph: ImportGraph,
  node: OnnxNode,
  pads: readonly number[],
): readonly [number, number] {
  const [top = 0, left = 0, bottom = 0, right = 0] = pads
  if (top === bottom && left === right) return [top, left]
  return graph.unsupported(
    node,
    `pads of top ${top}, left ${left}, bottom ${bottom}, right ${right}; both sides of an axis must be padded alike ` +
      '(TensorFlow pads so at stride 2: pad explicitly before export)',
  )
}

function batchNormalization(graph: ImportGraph, node: OnnxNode): Value {
  const x = graph.made(node, 0)
  if (
    attribute(node, 'training_mode', 'int') === 1 ||
    node.outputs.filter((name) => name !== '').length > 1
  ) {
    graph.unsupported(node, 'training mode; export the network in evaluation mode (model.eval())')
  }
  if (x.shape.length !== 4 && x.shape.length !== 2) {
    graph.unsupported(node, `normalises [${x.shape.join(', ')}]; only [N, C, H, W] and [N, C] are supported`)
  }
  if (attribute(node, 'spatial', 'int') === 0) graph.unsupported(node, 'statistics per pixel (spatial = 0)')
  const [weight, bias, runningMean, runningVar] = [1, 2, 3, 4].map((index) =>
    graph.weight(graph.floats(node, index)),
  ) as [string, string, string, string]
  const epsilon = shortestDecimal(attribute(node, 'epsilon', 'float') ?? 1e-5)
  return graph.emit(node, (name) => ({
    op: 'batchNorm',
    name,
    inputs: [x.name],
    weight,
    bias,
    runningMean,
    runningVar,
    epsilon,
  }))
}

/** The shortest decimal number that a float32 attribute may have been written from: 1e-5, not 9.999999747378752e-6. */
function shortestDecimal(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits))
    if (Math.fround(decimal) === value) return decimal
  }
  return value
}

function gemm(graph: ImportGraph, node: OnnxNode): Value {
  const x = graph.made(node, 0)
  if (attribute(node, 'transA', 'int')) graph.unsupported(node, 'transA = 1: it takes [N, C] transposed')
  const alpha = attribute(node, 'alpha', 'float') ?? 1
  const beta = attribute(node, 'beta', 'float') ?? 1
  let weight = graph.floats(node, 1)
  if (!attribute(node, 'transB', 'int')) weight = transposed(graph, node, weight)
  if (alpha !== 1) weight = scaled(graph, weight, alpha)
  const bias = node.inputs[2] ? biasOf(graph, node, graph.floats(node, 2), weight) : undefined
  return emitLinear(graph, node, x, weight, bias && beta !== 1 ? scaled(graph, bias, beta) : bias)
}

/** `x W`, with the bias that its only reader adds where there is one; of two values, with the factor that its only reader has. */
function matMul(graph: ImportGraph, node: OnnxNode): Value {
  const x = graph.made(node, 0)
  const second = graph.input(node, 1)
  if (second.kind === 'made') {
    const next = graph.soleReader(node)
    const factor = next?.inputs.find((name) => name !== node.outputs[0])
    const isScaled = next?.op === 'Mul' && factor !== undefined && graph.find(factor)?.kind === 'constant'
    if (isScaled) return { kind: 'deferred', form: 'product', of: x, by: second }
    return emitMatmul(graph, node, x, second)
  }
  const weight = transposed(graph, node, graph.floats(node, 1))
  const reader = graph.soleReader(node)
  const other = reader?.inputs.find((name) => name !== node.outputs[0])
  const addend = reader?.op === 'Add' && other !== undefined ? graph.find(other) : undefined
  if (addend?.kind === 'constant') return { kind: 'deferred', form: 'matmul', of: x, weight }
  return emitLinear(graph, node, x, weight, undefined)
}

/** Append the product of two values for `node`. */
export function emitMatmul(graph: ImportGraph, node: OnnxNode, a: Made, b: Made, scale?: number): Value {
  const { length } = a.shape
  const fits =
    length > 2 && sameShape(a.shape.slice(0, -2), b.shape.slice(0, -2)) && a.shape.at(-1) === b.shape.at(-2)
  if (!fits) {
    graph.unsupported(
      node,
      `a matrix product of [${a.shape.join(', ')}] and [${b.shape.join(', ')}]; both must have the same axes before the last two`,
    )
  }
  return graph.emit(node, (name) => ({
    op: 'matmul',
    name,
    inputs: [a.name, b.name],
    ...(scale !== undefined && { scale }),
  }))
}

function layerNormalization(graph: ImportGraph, node: OnnxNode): Value {
  const x = graph.made(node, 0)
  const axis = attribute(node, 'axis', 'int') ?? -1
  if (axis !== -1 && axis !== x.shape.length - 1) {
    graph.unsupported(node, `a normalisation from axis ${axis}; only the last axis is supported`)
  }
  const [weight, bias] = [1, 2].map((index) =>
    node.inputs[index] ? graph.weight(graph.floats(node, index)) : undefined,
  )
  const epsilon = shortestDecimal(attribute(node, 'epsilon', 'float') ?? 1e-5)
  const weights = { ...(weight !== undefined && { weight }), ...(bias !== undefined && { bias }) }
  return graph.emit(node, (name) => ({ op: 'layerNorm', name, inputs: [x.name], ...weights, epsilon }))
}

/** Append `x W^T + bias` for `node`, whose bias may be any shape that means one number per output, or one for all. */
export function emitLinear(
  graph: ImportGraph,
  node: OnnxNode,
  x: Made,
  weight: FloatConstant,
  bias: FloatConstant | undefined,
): Value {
  if (x.shape.length < 2) {
    graph.unsupported(node, `a matrix product of [${x.shape.join(', ')}]; it needs a batch, [N, ..., C]`)
  }
  return emitSquare(graph, node, { of: x, stride: [1, 1] }, weight, (name, held) => ({
    op: 'linear',
    name,
    inputs: [x.name],
    weight: held,
    ...(bias && { bias: graph.weight(bias, [bias.data.length]) }),
  }))
}

/** `bias` as one number per row of `weight`. */
export function biasOf(
  graph: ImportGraph,
  node: OnnxNode,
  bias: FloatConstant,
  weight: FloatConstant,
): FloatConstant {
  const outputs = weight.shape[0] as number
  const fits = bias.shape.length <= 2
  if (fits && bias.data.length === outputs && (outputs === 1 || bias.shape.at(-1) === outputs)) return bias
  if (fits && bias.data.length === 1) {
    return graph.derive(bias, `expanded to ${outputs}`, [outputs], () => bias.data[0] as number)
  }
  return graph.unsupported(
    node,
    `a bias of shape [${bias.shape.join(', ')}] for ${outputs} outputs; it must have one number for each`,
  )
}

export function transposed(graph: ImportGraph, node: OnnxNode, matrix: FloatConstant): FloatConstant {
  const [rows, columns, ...rest] = matrix.shape
  if (rows === undefined || columns === undefined || rest.length > 0) {
    return graph.unsupported(node, `a matrix of shape [${matrix.shape.join(', ')}]; it must have two axes`)
  }
  const from = (index: number): number => (index % rows) * columns + Math.floor(index / rows)
  const { levels } = matrix
  if (levels) {
    return graph.variant(matrix, 'transposed', () => {
      graph.charge(levels.data.length / Float32Array.BYTES_PER_ELEMENT)
      const data = levels.data.map((_, index) => levels.data[from(index)] as number)
      const name = matrix.name.replace(/\/transposed$/, '')
      return dequantized(graph, name, [columns, rows], { ...levels, data, axis: 1 - levels.axis })
    })
  }
  return graph.derive(matrix, 'transposed', [columns, rows], (index) => matrix.data[from(index)] as number)
}

/** What is in 8 bits stays so, with other scales. */
function scaled(graph: ImportGraph, constant: FloatConstant, factor: number): FloatConstant {
  const { name, shape, levels } = constant
  if (levels) {
    return graph.variant(constant, `times ${factor}`, () => {
      graph.charge(levels.scales.length)
      return dequantized(graph, name, shape, {
        ...levels,
        scales: levels.scales.map((scale) => scale * factor),
      })
    })
  }
  return graph.derive(constant, `times ${factor}`, shape, (i) => (constant.data[i] as number) * factor)
}

function pool(graph: ImportGraph, node: OnnxNode, part?: string): Made {
  const x = graph.made(node, 0)
  if (x.shape.length !== 4) {
    graph.unsupported(node, `a pool over [${x.shape.join(', ')}]; only [N, C, H, W] is supported`)
  }
  return graph.emit(node, (name) => ({ op: 'globalAvgPool', name, inputs: [x.name] }), part)
}

function maxPool(graph: ImportGraph, node: OnnxNode): Value {
  const x = graph.made(node, 0)
  if (x.shape.length !== 4) {
    graph.unsupported(node, `a pool over [${x.shape.join(', ')}]; only [N, C, H, W] is supported`)
  }
  const kernel = pairOf(graph, node, 'kernel_shape')
  const stride = pairOf(graph, node, 'strides')
  const dilation = pairOf(graph, node, 'dilations')
  if (dilation.some((size) => size !== 1)) graph.unsupported(node, 'a pool with dilations')
  if (node.outputs[1]) graph.unsupported(node, 'a pool that also gives the places of the largest values')
  const padding = symmetricPadding(graph, node, windowPads(graph, node, x, kernel, stride, dilation))
  const leaves = [0, 1].some((at) => {
    const size = x.shape[2 + at] as number
    return (size + 2 * (padding[at] as number) - (kernel[at] as number)) % (stride[at] as number) !== 0
  })
  if (attribute(node, 'ceil_mode', 'int') && leaves) {
    graph.unsupported(
      node,
      `a pool over [${x.shape.join(', ')}] with ceil_mode, which adds a window past the edge`,
    )
  }
  if (padding.some((size, at) => 2 * size > (kernel[at] as number))) {
    graph.unsupported(
      node,
      `padding of ${padding.join(', ')} for a pool of ${kernel.join(', ')}; half of it is the most`,
    )
  }
  return graph.emit(node, (name) => ({ op: 'maxPool', name, inputs: [x.name], kernel, stride, padding }))
}

function averagePool(graph: ImportGraph, node: OnnxNode): Value {
  const x = graph.made(node, 0)
  const kernel = attribute(node, 'kernel_shape', 'ints') ?? []
  const mode = attribute(node, 'auto_pad', 'string') ?? 'NOTSET'
  const padded =
    mode.startsWith('SAME') ||
    (mode === 'NOTSET' && attribute(node, 'pads', 'ints')?.some((pad) => pad !== 0))
  if (x.shape.length !== 4 || !sameShape(kernel, x.shape.slice(2)) || padded) {
    graph.unsupported(
      node,
      `a pool of [${kernel.join(', ')}]${padded ? ' with padding' : ''} over [${x.shape.join(', ')}]; ` +
        'only an average over the whole map is supported',
    )
  }
  return pool(graph, node)
}

function reduceMean(graph: ImportGraph, node: OnnxNode): Value {
  const x = graph.made(node, 0)
  const axes = node.inputs[1] ? graph.integers(node, 1) : (attribute(node, 'axes', 'ints') ?? [])
  const rank = x.shape.length
  const spatial = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)))
  if (rank !== 4 || axes.length !== 2 || !spatial.has(2) || !spatial.has(3)) {
    graph.unsupported(
      node,
      `a mean over axes [${axes.join(', ')}] of [${x.shape.join(', ')}]; only height and width of [N, C, H, W] are supported`,
    )
  }
  if ((attribute(node, 'keepdims', 'int') ?? 1) !== 0) {
    return pool(graph, node)
  }
  const pooled = pool(graph, node, 'pool')
  return graph.emit(node, (name) => ({ op: 'flatten', name, inputs: [pooled.name] }))
}

function softmax(graph: ImportGraph, node: OnnxNode): Value {
  const x = graph.made(node, 0)
  const axis = attribute(node, 'axis', 'int') ?? (graph.opset < 13 ? 1 : -1)
  const last = x.shape.length - 1
  if (last < 1 || (axis !== last && axis !== -1)) {
    graph.unsupported(
      node,
      `a softmax over axis ${axis} of [${x.shape.join(', ')}]; only the last axis is supported`,
    )
  }
  return graph.emit(node, (name) => ({ op: 'softmax', name, inputs: [x.name] }))
}
