/** Numbers of the TensorFlow Lite schema, version 3: tensorflow/compiler/mlir/lite/schema/schema.fbs. */

export const identifier = 'TFL3'
export const schemaVersion = 3

/** BuiltinOperator. */
export const operators = {
  add: 0,
  conv2d: 3,
  depthwiseConv2d: 4,
  dequantize: 6,
  fullyConnected: 9,
  logistic: 14,
  mul: 18,
  relu: 19,
  reshape: 22,
  softmax: 25,
  pad: 34,
  transpose: 39,
  mean: 40,
  sub: 41,
  gelu: 150,
} as const
export type Operator = keyof typeof operators

/** BuiltinOptions, a union; operators without an entry are written without options. */
export const optionTypes: Readonly<Partial<Record<Operator, number>>> = {
  conv2d: 1,
  depthwiseConv2d: 2,
  fullyConnected: 8,
  softmax: 9,
  add: 11,
  mul: 21,
  mean: 27,
  sub: 28,
  gelu: 116,
}

/** TensorType. */
export const tensorTypes = { float32: 0, float16: 1, int32: 2 } as const
/** Padding. */
export const paddings = { same: 0, valid: 1 } as const
/** ActivationFunctionType. */
export const activations = { none: 0, relu: 1 } as const
