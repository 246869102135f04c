import {
  elementCount,
  floatWeight,
  MobileOneError,
  type Model,
  type Node,
  opFacts,
  tensor,
  type Weight,
  weightRoles,
} from '@mobileone/core'

/** One tensor inside a flat vector. */
export interface Slot {
  readonly name: string
  readonly shape: readonly number[]
  /** In elements. */
  readonly offset: number
  readonly size: number
}

/** Tensors one after another in one vector. */
export interface Layout {
  readonly size: number
  readonly slots: readonly Slot[]
}

export type ParameterKind = 'kernel' | 'bias' | 'batchNorm'

/** Where the weights of a model lie in the two vectors training works on. */
export interface Layouts {
  /** What gradients change. */
  readonly parameters: Layout
  /** The kind of each parameter, in order. */
  readonly kinds: readonly ParameterKind[]
  /** Running means and variances, which the batches change. */
  readonly statistics: Layout
}

/** @throws MobileOneError `invalid-model` where a weight is used in two roles or a statistic by two nodes. */
export function layoutsOf(model: Model): Layouts {
  const kinds = new Map<string, ParameterKind>()
  const statistics = new Set<string>()
  for (const node of model.nodes) {
    for (const [role, name] of weightRoles(node)) {
      if (!isLearnable(node, role)) {
        if (statistics.has(name))
          throw new MobileOneError('invalid-model', `two batch normalisations share the statistics "${name}"`)
        statistics.add(name)
        continue
      }
      const kind = node.op === 'batchNorm' ? 'batchNorm' : role === 'bias' ? 'bias' : 'kernel'
      if ((kinds.get(name) ?? kind) !== kind)
        throw new MobileOneError('invalid-model', `the weight "${name}" is used in two roles`)
      kinds.set(name, kind)
    }
  }
  return {
    parameters: layout(model, [...kinds.keys()]),
    kinds: [...kinds.values()],
    statistics: layout(model, [...statistics]),
  }
}

function isLearnable(node: Node, role: string): boolean {
  return opFacts(node).weights.some((each) => each.role === role && each.learnable)
}

function layout(model: Model, names: readonly string[]): Layout {
  let offset = 0
  const slots = names.map((name): Slot => {
    const { shape } = floatWeight(model, name)
    const size = elementCount(shape)
    offset += size
    return { name, shape, offset: offset - size, size }
  })
  return { size: offset, slots }
}

/** The weights of `model` in one new vector. */
export function flatten({ size, slots }: Layout, model: Model): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(size)
  for (const { name, offset } of slots) flat.set(floatWeight(model, name).data, offset)
  return flat
}

/** `model` with copies of the weights in `vectors`. */
export function unflatten(model: Model, ...vectors: readonly (readonly [Layout, Float32Array])[]): Model {
  const weights: Record<string, Weight> = { ...model.weights }
  for (const [{ slots }, flat] of vectors) {
    for (const { name, shape, offset, size } of slots)
      weights[name] = tensor(shape, flat.slice(offset, offset + size))
  }
  return { ...model, weights }
}
