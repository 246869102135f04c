import type { Conv2d, Linear, QuantizedTensor } from '@mobileone/core'
import type { Attributes, GraphBuilder } from './graph-builder.ts'
import type { OnnxAttribute } from './proto.ts'

/**
 * Add a convolution. An int8 weight stays int8 in the file, behind DequantizeLinear; a layer that the model has in integers reads
 * its input in steps.
 * @param isNotNegative Whether no element of `x` is below 0.
 */
export function lowerConvolution(
  builder: GraphBuilder,
  node: Conv2d,
  x: string,
  output: string,
  isNotNegative: boolean,
): void {
  const attributes = new Map<string, OnnxAttribute>([
    ['dilations', { type: 'ints', value: node.dilation }],
    ['group', { type: 'int', value: node.groups }],
    ['kernel_shape', { type: 'ints', value: builder.weightShape(node.weight).slice(2) }],
    ['pads', { type: 'ints', value: [...node.padding, ...node.padding] }],
    ['strides', { type: 'ints', value: node.stride }],
  ])
  const bias = node.bias === undefined ? [] : [builder.weight(node.bias)]
  const integer = builder.integerWeight(node)
  if (integer) {
    lowerIntegerConvolution(builder, node, integer, x, output, isNotNegative, bias, attributes)
    return
  }
  const diagonal = builder.diagonal(node.weight)
  const own = diagonal && ownShare(builder, node, x, diagonal, [diagonal.length, 1, 1])
  const whole = [x, builder.weight(node.weight), ...bias]
  emitSum(builder, node, 'Conv', whole, own, output, attributes)
}

/**
 * Add a linear layer of rows, or of any more axes, whose weight is float32: of a MatMul with an int8 weight ONNX Runtime makes one
 * that rounds the other side to 8 bits, too.
 */
export function lowerLinear(
  builder: GraphBuilder,
  node: Linear,
  x: string,
  output: string,
  isOfRows: boolean,
): void {
  const bias = node.bias === undefined ? [] : [builder.weight(node.bias)]
  if (isOfRows) {
    const diagonal = builder.diagonal(node.weight)
    const own = diagonal && ownShare(builder, node, x, diagonal, [diagonal.length])
    const whole = [x, builder.weight(node.weight), ...bias]
    emitSum(builder, node, 'Gemm', whole, own, output, new Map([['transB', { type: 'int', value: 1 }]]))
    return
  }
  const product = [x, builder.transposedWeight(node.weight)]
  const [addend] = bias
  if (addend === undefined) {
    builder.emit('MatMul', node.name, product, output)
    return
  }
  const unbiased = builder.emit(
    'MatMul',
    `${node.name}/MatMul`,
    product,
    builder.fresh(`${node.name}/MatMul`),
  )
  builder.emit('Add', node.name, [unbiased, addend], output)
}

/**
 * A layer in integers, as `integerWeight` of the core defines it, in float32: `x / steps` is rounded to int8, which ends at 127, and
 * the convolution reads the levels as numbers. QuantizeLinear takes the middle of two levels to the even one.
 */
function lowerIntegerConvolution(
  builder: GraphBuilder,
  node: Conv2d,
  weight: QuantizedTensor,
  x: string,
  output: string,
  isNotNegative: boolean,
  bias: readonly string[],
  attributes: Attributes,
): void {
  const helper = (op: string, of: readonly string[]): string =>
    builder.emit(op, `${node.name}/${op}`, of, builder.fresh(`${node.name}/${op}`))
  const { inputSteps = new Float32Array(), diagonal } = weight
  const steps = builder.floats(`${node.weight}.input`, [inputSteps.length, 1, 1], inputSteps)
  const scale = [builder.constant('int8/step', [], [1]), builder.zeroPoint()]
  const inSteps = helper('Div', [x, steps])
  const scaled = isNotNegative ? inSteps : helper('Max', [inSteps, builder.constant('int8/lowest', [], [0])])
  const levels = helper('DequantizeLinear', [helper('QuantizeLinear', [scaled, ...scale]), ...scale])
  let own: string | undefined
  if (diagonal) {
    const read = node.stride.every((size) => size === 1) ? levels : strided(builder, node, levels)
    const share = helper('Mul', [
      builder.floats(`${node.weight}.diag`, [diagonal.length, 1, 1], diagonal),
      steps,
    ])
    own = helper('Mul', [read, share])
  }
  const whole = [levels, builder.levels(node.weight, weight), ...bias]
  emitSum(builder, node, 'Conv', whole, own, output, attributes)
}

/** The pixels that a pointwise convolution reads. */
function strided(builder: GraphBuilder, { name, stride }: Conv2d, levels: string): string {
  const numbers = (what: string, values: readonly number[]): string =>
    builder.integers(`${name}/${what}`, values)
  const end = 2 ** 31 - 1
  const parts = [numbers('start', [0, 0]), numbers('end', [end, end]), numbers('axes', [2, 3])]
  const inputs = [levels, ...parts, numbers('stride', stride)]
  return builder.emit('Slice', `${name}/Slice`, inputs, builder.fresh(`${name}/Slice`))
}

/** What each output of a square layer takes of its own input. */
function ownShare(
  builder: GraphBuilder,
  node: Conv2d | Linear,
  x: string,
  diagonal: Float32Array,
  shape: readonly number[],
): string {
  const read = node.op === 'conv2d' && node.stride.some((size) => size !== 1) ? strided(builder, node, x) : x
  const share = builder.floats(`${node.weight}.diag`, shape, diagonal)
  return builder.emit('Mul', `${node.name}/Mul`, [read, share], builder.fresh(`${node.name}/Mul`))
}

/** The node that makes `output`, and the addition of `own` where there is one. */
function emitSum(
  builder: GraphBuilder,
  node: Conv2d | Linear,
  op: string,
  inputs: readonly string[],
  own: string | undefined,
  output: string,
  attributes?: Attributes,
): void {
  const made = own === undefined ? output : builder.fresh(`${node.name}/${op}`)
  builder.emit(op, node.name, inputs, made, attributes)
  if (own !== undefined) builder.emit('Add', `${node.name}/Add`, [made, own], output)
}
