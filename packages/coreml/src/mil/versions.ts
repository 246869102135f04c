/**
 * Specification versions and the opset each must name; nothing off macOS checks the pairing. Source: coremltools 9,
 * `_OPSET` and `SPECIFICATION_VERSION_IOS_*`.
 */
export interface Target {
  readonly specification: number
  readonly opset: string
  /** The first systems that load it. */
  readonly systems: string
}

export const targets = {
  ios15: { specification: 6, opset: 'CoreML5', systems: 'iOS 15, macOS 12' },
  ios16: { specification: 7, opset: 'CoreML6', systems: 'iOS 16, macOS 13' },
  ios17: { specification: 8, opset: 'CoreML7', systems: 'iOS 17, macOS 14' },
  ios18: { specification: 9, opset: 'CoreML8', systems: 'iOS 18, macOS 15' },
} as const satisfies Record<string, Target>

export type TargetName = keyof typeof targets

/** What the linter needs to know of an op: every parameter must be written, whatever the Python interface says. */
export interface OpRule {
  readonly inputs: readonly string[]
  readonly attributes?: readonly string[]
  readonly outputs?: number
  /** The first specification version that has the op. */
  readonly since?: number
}

/** The ops this package writes, with all of their parameters. */
export const opRules: Readonly<Record<string, OpRule>> = {
  const: { inputs: [], attributes: ['val'] },
  constexpr_affine_dequantize: {
    inputs: [],
    attributes: ['quantized_data', 'zero_point', 'scale', 'axis'],
    since: 7,
  },
  cast: { inputs: ['x', 'dtype'] },
  identity: { inputs: ['x'] },
  mul: { inputs: ['x', 'y'] },
  add: { inputs: ['x', 'y'] },
  maximum: { inputs: ['x', 'y'] },
  conv: { inputs: ['x', 'weight', 'bias', 'strides', 'pad_type', 'pad', 'dilations', 'groups'] },
  relu: { inputs: ['x'] },
  relu6: { inputs: ['x'] },
  sigmoid_hard: { inputs: ['x', 'alpha', 'beta'] },
  sigmoid: { inputs: ['x'] },
  silu: { inputs: ['x'] },
  gelu: { inputs: ['x', 'mode'] },
  reduce_mean: { inputs: ['x', 'axes', 'keep_dims'] },
  max_pool: { inputs: ['x', 'kernel_sizes', 'strides', 'pad_type', 'pad', 'ceil_mode'] },
  resize_bilinear: { inputs: ['x', 'target_size_height', 'target_size_width', 'sampling_mode'] },
  upsample_nearest_neighbor: { inputs: ['x', 'scale_factor_height', 'scale_factor_width'] },
  concat: { inputs: ['values', 'axis', 'interleave'] },
  slice_by_size: { inputs: ['x', 'begin', 'size'] },
  reshape: { inputs: ['x', 'shape'] },
  linear: { inputs: ['x', 'weight', 'bias'] },
  softmax: { inputs: ['x', 'axis'] },
  classify: { inputs: ['probabilities', 'classes'], outputs: 2 },
}
