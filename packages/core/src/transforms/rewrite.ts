/**
 * The machinery behind the transforms: local rules applied over the nodes of a model in execution order until none
 * matches. A rule replaces one node; it knows nothing of MobileOne, of backends, or of the other rules.
 */
import { MobileOneError } from '../errors.ts'
import { type Node, type WideModel, weightRoles } from '../model/model.ts'
import { inferShapes, type Shapes } from '../model/shapes.ts'
import { sameShape, type Tensor, type WideTensor } from '../model/tensor.ts'

export type AnyTensor = Tensor | WideTensor

/** What a rule puts in the place of the node it matched. */
export interface Replacement {
  /** The last node has the name of the replaced one. */
  readonly nodes: readonly Node[]
  readonly weights: Readonly<Record<string, AnyTensor>>
  /** Nodes read by nobody else, whose work the replacement now does. */
  readonly absorbed: readonly string[]
}

/** The model around a node, up to date with the replacements made so far. */
export interface Context {
  node(name: string): Node | undefined
  /** The nodes that read the value. */
  readers(name: string): readonly Node[]
  /** True when exactly one node reads the value and no output shows it. */
  isPrivate(name: string): boolean
  weight(name: string): AnyTensor | undefined
  /** Undefined where shapes were never known. */
  shape(name: string): readonly number[] | undefined
  /** `wanted`, or a variation of it that no weight of another node has; `owners` are the nodes about to go. */
  weightName(wanted: string, owners: readonly Node[]): string
}

export type Rule = (node: Node, context: Context) => Replacement | undefined

/** A transform from model to model with the same inputs, outputs and values shown. */
export type Rewrite = (model: WideModel) => WideModel

/**
 * A rewrite that applies `rules` in the order given, at every node, until none matches.
 * The shapes of inputs and outputs are checked to be unchanged.
 */
export function rewrite(...rules: readonly Rule[]): Rewrite {
  return (model) => {
    const shapes = inferShapes(model)
    let current = model
    for (let changed = true; changed; ) {
      const next = sweep(current, shapes, rules)
      changed = next !== current
      current = next
    }
    assertSameInterface(shapes, model, current)
    return current
  }
}

function sweep(model: WideModel, shapes: Shapes, rules: readonly Rule[]): WideModel {
  const nodes = new Map(model.nodes.map((node) => [node.name, node]))
  const weights = new Map(Object.entries(model.weights))
  const readers = new Map<string, Set<string>>()
  const weightUsers = new Map<string, Set<string>>()
  const shown = new Set(Object.values(model.outputs))
  const entry = <K>(map: Map<K, Set<string>>, key: K): Set<string> => {
    let set = map.get(key)
    if (!set) map.set(key, (set = new Set()))
    return set
  }
  const link = (node: Node): void => {
    nodes.set(node.name, node)
    for (const name of node.inputs) entry(readers, name).add(node.name)
    for (const [, name] of weightRoles(node)) entry(weightUsers, name).add(node.name)
  }
  const unlink = (node: Node): void => {
    nodes.delete(node.name)
    for (const name of node.inputs) readers.get(name)?.delete(node.name)
    for (const [, name] of weightRoles(node)) weightUsers.get(name)?.delete(node.name)
  }
  const dropUnusedWeights = (removed: readonly Node[]): void => {
    for (const [, name] of removed.flatMap(weightRoles))
      if (weightUsers.get(name)?.size === 0) weights.delete(name)
  }
  for (const node of model.nodes) link(node)

  const context: Context = {
    node: (name) => nodes.get(name),
    readers: (name) => [...(readers.get(name) ?? [])].map((reader) => nodes.get(reader) as Node),
    isPrivate: (name) => readers.get(name)?.size === 1 && !shown.has(name),
    weight: (name) => weights.get(name),
    shape: (name) => shapes[name],
    weightName: (wanted, owners) => {
      const going = new Set(owners.map((node) => node.name))
      const isFree = (name: string): boolean =>
        [...(weightUsers.get(name) ?? [])].every((user) => going.has(user))
      let name = wanted
      for (let suffix = 2; !isFree(name); suffix++) name = `${wanted}.${suffix}`
      return name
    },
  }

  const result = new Map<string, Node>()
  let changed = false
  const place = (node: Node): void => {
    for (const rule of rules) {
      const replacement = rule(node, context)
      if (!replacement) continue
      changed = true
      const removed = [...replacement.absorbed.map((name) => nodes.get(name) as Node), node]
      for (const gone of removed) {
        unlink(gone)
        result.delete(gone.name)
      }
      for (const [name, weight] of Object.entries(replacement.weights)) weights.set(name, weight)
      for (const made of replacement.nodes) link(made)
      dropUnusedWeights(removed)
      for (const made of replacement.nodes) place(made)
      return
    }
    result.set(node.name, node)
  }
  for (const node of model.nodes) place(node)
  return changed ? { ...model, nodes: [...result.values()], weights: Object.fromEntries(weights) } : model
}

function assertSameInterface(before: Shapes, model: WideModel, result: WideModel): void {
  const after = inferShapes(result)
  for (const value of [...Object.keys(model.inputs), ...Object.values(model.outputs)]) {
    if (!after[value] || !sameShape(before[value] ?? [], after[value])) {
      throw new MobileOneError(
        'invalid-model',
        `a rewrite changed the shape of "${value}" in model "${model.name}"`,
      )
    }
  }
}
