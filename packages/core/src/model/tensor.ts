/** Element types a weight may have. Inputs and outputs of a model are always float32. */
export type DType = 'float32' | 'float64' | 'int8'

/** What a tensor looks like, without its elements. Feature maps are NCHW, matrices [rows, columns]. */
export interface TensorSpec {
  readonly dtype: DType
  readonly shape: readonly number[]
}

/** A float32 tensor, row-major and contiguous. */
export interface Tensor extends TensorSpec {
  readonly dtype: 'float32'
  readonly data: Float32Array
}

/** A float64 tensor. Only the re-parameterisation transforms make these, between their first and last step. */
export interface WideTensor extends TensorSpec {
  readonly dtype: 'float64'
  readonly data: Float64Array
}

/**
 * An int8 weight of shape [O, ...], row-major and contiguous: element (o, ...) stands for `scales[o] (data - zeroPoints[o])`, and
 * on the diagonal of a square pointwise layer, [C, C], or [C, C, 1, 1], for `diagonal[o]` more. With `inputSteps` element (o, c)
 * stands for `scales[o] data / inputSteps[c]`, the diagonal aside, and the layer may be computed in integers: see `integerWeight`.
 */
export interface QuantizedTensor extends TensorSpec {
  readonly dtype: 'int8'
  readonly data: Int8Array
  /** One an output channel. */
  readonly scales: Float32Array
  /** One an output channel; 0 where absent. */
  readonly zeroPoints?: Int8Array
  /** One an output channel, in float because the identity branch folded into it outgrows the other weights. */
  readonly diagonal?: Float32Array
  /**
   * Of a pointwise convolution, [O, C, 1, 1], one an input channel: what a step of its input in int8 is worth. Inputs are from 0 to
   * 127 steps, so the layer reads what a ReLU made; elements are from -127 to 127, and there are no zero points.
   */
  readonly inputSteps?: Float32Array
}

/** What a model may hold as a weight. `floatWeight` gives the float32 elements of either. */
export type Weight = Tensor | QuantizedTensor

/** Tensors by name: the inputs and the outputs of an executor. */
export type Tensors = Readonly<Record<string, Tensor>>

/** The number of elements of `shape`; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  let count = 1
  for (const size of shape) count *= size
  return count
}

/** A float32 spec of this shape. */
export function spec(shape: readonly number[]): TensorSpec {
  return { dtype: 'float32', shape }
}

/**
 * A float32 tensor over `data`, which is not copied. Without `data`, zeros.
 * @throws RangeError when the length of `data` is not the product of `shape`.
 */
export function tensor(shape: readonly number[], data?: Float32Array): Tensor {
  const count = elementCount(shape)
  const elements = data ?? new Float32Array(count)
  if (elements.length !== count) {
    throw new RangeError(
      `a tensor of shape [${shape.join(', ')}] has ${count} elements, not ${elements.length}`,
    )
  }
  return { dtype: 'float32', shape, data: elements }
}

/** True when both shapes have the same rank and sizes. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis])
}

/** `1x3x224x224`, as printed in models and messages. */
export function formatShape(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join('x')
}
