/** Numbers of the TensorFlow Lite schema, version 3: tensorflow/compiler/mlir/lite/schema/schema.fbs. */

export const identifier = 'TFL3'
export const schemaVersion = 3

/** BuiltinOperator. */
export const operators = {
  add: 0,
  concatenation: 2,
  conv2d: 3,
  depthwiseConv2d: 4,
  dequantize: 6,
  fullyConnected: 9,
  logistic: 14,
  maxPool2d: 17,
  mul: 18,
  relu: 19,
  relu6: 21,
  reshape: 22,
  resizeBilinear: 23,
  softmax: 25,
  pad: 34,
  gather: 36,
  transpose: 39,
  mean: 40,
  sub: 41,
  maximum: 55,
  padV2: 60,
  slice: 65,
  resizeNearestNeighbor: 97,
  hardSwish: 117,
  gelu: 150,
} as const
export type Operator = keyof typeof operators

/** BuiltinOptions, a union; operators without an entry are written without options. */
export const optionTypes: Readonly<Partial<Record<Operator, number>>> = {
  conv2d: 1,
  depthwiseConv2d: 2,
  maxPool2d: 5,
  fullyConnected: 8,
  softmax: 9,
  concatenation: 10,
  add: 11,
  resizeBilinear: 15,
  mul: 21,
  gather: 23,
  mean: 27,
  sub: 28,
  resizeNearestNeighbor: 74,
  gelu: 116,
}

/** TensorType. */
export const tensorTypes = { float32: 0, float16: 1, int32: 2, int8: 9 } as const
/** Padding. */
export const paddings = { same: 0, valid: 1 } as const
/** ActivationFunctionType. */
export const activations = { none: 0, relu: 1, relu6: 3 } as const
