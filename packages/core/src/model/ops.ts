/**
 * What is true of each op, one row per op: the only place where arity, weights and algebra of an op are written down. Not
 * responsible for what an op computes: shapes are in `shapes.ts`, values in `reference/kernels.ts`.
 */
import type { Node, Op, Unary } from './model.ts'

/** The nodes of one op. */
export type NodeOf<K extends Op> = Node extends infer N
  ? N extends { readonly op: infer O }
    ? K extends O
      ? N
      : never
    : never
  : never

/** A weight that a node names in its field `role`. */
export interface WeightRole<Role extends string = string> {
  readonly role: Role
  /** The field may be absent. Default false. */
  readonly optional?: boolean
  /** Changed by gradient descent; running statistics are not. */
  readonly learnable: boolean
}

/** The fields of a node that may name a weight. */
type WeightField<N> = N extends unknown ? Exclude<keyof N & string, 'op' | 'name' | 'inputs'> : never

/** What is true of every node of an op; {@link ops} has a row for each. */
export interface OpFacts<N = Node> {
  /** How many values a node reads. */
  readonly arity: number
  /** It may read more than that, without end. Default false. */
  readonly variadic?: boolean
  /** The weights a node reads, in the order in which they are listed. */
  readonly weights: readonly WeightRole<WeightField<N>>[]
  /** Counted as written over its input, as PyTorch's `inplace` and reshapes are: it takes no memory of its own. */
  readonly inPlace: boolean
  /** An element of the result depends on the elements at its place alone, so it may be written over the first input. */
  readonly elementwise: boolean
  /** Affine in its inputs: what branches may consist of that are to be folded. */
  readonly linear: boolean
  /** An element of the result is the sum over one output channel of `weight`: one multiply-accumulate an element of it. */
  readonly accumulates: boolean
  /** What `print` shows of a node besides its inputs and weights. */
  readonly attributes?: (node: N) => readonly string[]
}

const activation = {
  arity: 1,
  weights: [],
  inPlace: true,
  elementwise: true,
  linear: false,
  accumulates: false,
} as const

/** Values are moved or mixed, and no weight is read. */
const movement = {
  arity: 1,
  weights: [],
  inPlace: false,
  elementwise: false,
  linear: true,
  accumulates: false,
} as const

/** Values are mixed, and not linearly. */
const mixture = {
  arity: 1,
  weights: [],
  inPlace: false,
  elementwise: false,
  linear: false,
  accumulates: false,
} as const

const weightAndBias = [
  { role: 'weight', learnable: true },
  { role: 'bias', learnable: true, optional: true },
] as const

/** Every op of the intermediate representation. */
export const ops: { readonly [K in Op]: OpFacts<NodeOf<K>> } = {
  conv2d: {
    arity: 1,
    weights: weightAndBias,
    inPlace: false,
    elementwise: false,
    linear: true,
    accumulates: true,
    attributes: ({ groups, stride, padding, dilation }) => [
      ...(groups === 1 ? [] : [`groups ${groups}`]),
      ...pair('stride', stride, 1),
      ...pair('padding', padding, 0),
      ...pair('dilation', dilation, 1),
    ],
  },
  batchNorm: {
    arity: 1,
    weights: [
      { role: 'weight', learnable: true },
      { role: 'bias', learnable: true },
      { role: 'runningMean', learnable: false },
      { role: 'runningVar', learnable: false },
    ],
    inPlace: false,
    elementwise: true,
    linear: true,
    accumulates: false,
    attributes: ({ epsilon }) => [`epsilon ${epsilon}`],
  },
  linear: {
    arity: 1,
    weights: weightAndBias,
    inPlace: false,
    elementwise: false,
    linear: true,
    accumulates: true,
  },
  relu: activation,
  relu6: activation,
  sigmoid: activation,
  hardSigmoid: activation,
  silu: activation,
  hardSwish: activation,
  gelu: activation,
  affine: {
    ...activation,
    inPlace: false,
    linear: true,
    attributes: ({ scale, offset }) => [`scale ${scale}`, ...(offset === 0 ? [] : [`offset ${offset}`])],
  },
  add: { arity: 2, weights: [], inPlace: false, elementwise: true, linear: true, accumulates: false },
  mul: { arity: 2, weights: [], inPlace: false, elementwise: true, linear: false, accumulates: false },
  maximum: { arity: 2, weights: [], inPlace: false, elementwise: true, linear: false, accumulates: false },
  globalAvgPool: movement,
  maxPool: {
    ...movement,
    linear: false,
    attributes: ({ kernel, stride, padding }) => [
      ...pair('kernel', kernel),
      ...pair('stride', stride, 1),
      ...pair('padding', padding, 0),
    ],
  },
  upsample: {
    ...movement,
    attributes: ({ mode, alignCorners, scale, size }) => [
      mode,
      ...(alignCorners ? ['align corners'] : []),
      ...(scale ? pair('scale', scale) : []),
      ...(size ? pair('size', size) : []),
    ],
  },
  concat: { ...movement, variadic: true, attributes: ({ axis }) => [`axis ${axis}`] },
  slice: { ...movement, attributes: ({ axis, start, end }) => [`axis ${axis} from ${start} to ${end}`] },
  channelShuffle: { ...movement, attributes: ({ groups }) => [`groups ${groups}`] },
  flatten: { arity: 1, weights: [], inPlace: true, elementwise: false, linear: true, accumulates: false },
  softmax: mixture,
  layerNorm: {
    ...mixture,
    weights: [
      { role: 'weight', learnable: true, optional: true },
      { role: 'bias', learnable: true, optional: true },
    ],
    attributes: ({ epsilon }) => [`epsilon ${epsilon}`],
  },
  matmul: {
    ...mixture,
    arity: 2,
    attributes: ({ transposeB, scale }) => [
      ...(transposeB ? ['transposed'] : []),
      ...(scale === undefined ? [] : [`scale ${scale}`]),
    ],
  },
  reshape: { ...movement, inPlace: true, attributes: ({ shape }) => [`to ${shape.join(',')}`] },
  transpose: { ...movement, attributes: ({ permutation }) => [`axes ${permutation.join(',')}`] },
  parameter: { ...mixture, weights: [{ role: 'weight', learnable: true }] },
}

/** The names of all ops. */
export const opNames: readonly Op[] = Object.keys(ops) as Op[]

/** The ops that are a function of each element of one value and have no attributes. */
export const unaryOps: readonly Unary['op'][] = opNames.filter(isUnaryOp)

/** True for a function of each element of one value without attributes. */
export function isUnary(node: Node): node is Unary {
  return isUnaryOp(node.op)
}

function isUnaryOp(op: Op): op is Unary['op'] {
  const { arity, elementwise, weights, attributes } = ops[op]
  return arity === 1 && elementwise && weights.length === 0 && attributes === undefined
}

/** The row of `node`'s op. */
export function opFacts(node: Node): OpFacts {
  return ops[node.op] as OpFacts
}

/** The weight names a node reads, with the role of each. */
export function weightRoles(node: Node): readonly (readonly [role: string, name: string])[] {
  const names = node as unknown as Readonly<Record<string, string | undefined>>
  return opFacts(node).weights.flatMap(({ role }) => {
    const name = names[role]
    return name === undefined ? [] : [[role, name] as const]
  })
}

function pair(word: string, [height, width]: readonly [number, number], usual?: number): readonly string[] {
  if (height === usual && width === usual) return []
  return [`${word} ${height === width ? height : `${height},${width}`}`]
}
