/**
 * The machinery behind the transforms: local rules applied over the nodes of a model in execution order until none
 * matches. A rule replaces one node; it knows nothing of MobileOne, of backends, or of the other rules.
 */
import { MobileOneError } from '../errors.ts'
import type { Node, WideModel } from '../model/model.ts'
import { weightRoles } from '../model/ops.ts'
import { inferShapes, type Shapes } from '../model/shapes.ts'
import { sameShape, type Tensor, type Weight, type WideTensor } from '../model/tensor.ts'
import { UsesIndex } from '../model/uses.ts'
import { toFloat32 } from '../model/weights.ts'

/** A weight as rules see it: int8 ones are dequantised. */
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
  /** True when exactly one node reads the value, once, and no output shows it. */
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
    const steps = rewriteSteps(model, rules)
    for (;;) {
      const step = steps.next()
      if (step.done) return step.value
    }
  }
}

/** The same in steps of one node, for callers that pause between them: yields how many nodes of how many are done. */
export function* rewriteSteps(
  model: WideModel,
  rules: readonly Rule[],
): Generator<{ readonly done: number; readonly total: number }, WideModel> {
  const shapes = inferShapes(model)
  let current = model
  for (let changed = true; changed; ) {
    const draft = new Draft(current, shapes)
    const total = current.nodes.length
    for (const [done, node] of current.nodes.entries()) {
      yield { done, total }
      draft.place(node, rules)
    }
    const next = draft.finish()
    changed = next !== current
    current = next
  }
  assertSameInterface(shapes, model, current)
  return current
}

/** A model while rules replace its nodes. */
class Draft implements Context {
  readonly #model: WideModel
  readonly #shapes: Shapes
  readonly #uses: UsesIndex
  readonly #weights: Map<string, Weight | WideTensor>
  /** The nodes already placed, in execution order. */
  readonly #placed = new Map<string, Node>()
  #changed = false

  constructor(model: WideModel, shapes: Shapes) {
    this.#model = model
    this.#shapes = shapes
    this.#uses = new UsesIndex(model)
    this.#weights = new Map(Object.entries(model.weights))
  }

  node(name: string): Node | undefined {
    return this.#uses.producer(name)
  }

  readers(name: string): readonly Node[] {
    return this.#uses.readers(name)
  }

  isPrivate(name: string): boolean {
    return this.#uses.soleReader(name) !== undefined
  }

  weight(name: string): AnyTensor | undefined {
    const weight = this.#weights.get(name)
    return weight?.dtype === 'int8' ? toFloat32(weight) : weight
  }

  shape(name: string): readonly number[] | undefined {
    return this.#shapes[name]
  }

  weightName(wanted: string, owners: readonly Node[]): string {
    const going = new Set(owners.map(({ name }) => name))
    const isFree = (name: string): boolean =>
      this.#uses.weightReaders(name).every((reader) => going.has(reader.name))
    let name = wanted
    for (let suffix = 2; !isFree(name); suffix++) name = `${wanted}.${suffix}`
    return name
  }

  /** Put `node`, or what the first matching rule makes of it, after the nodes placed before. */
  place(node: Node, rules: readonly Rule[]): void {
    for (const rule of rules) {
      const replacement = rule(node, this)
      if (!replacement) continue
      this.#replace(node, replacement)
      for (const made of replacement.nodes) this.place(made, rules)
      return
    }
    this.#placed.set(node.name, node)
  }

  finish(): WideModel {
    if (!this.#changed) return this.#model
    return {
      ...this.#model,
      nodes: [...this.#placed.values()],
      weights: Object.fromEntries(this.#weights),
    }
  }

  #replace(node: Node, { nodes, weights, absorbed }: Replacement): void {
    this.#changed = true
    const removed = [...absorbed.map((name) => this.#uses.producer(name) as Node), node]
    for (const gone of removed) {
      this.#uses.remove(gone)
      this.#placed.delete(gone.name)
    }
    for (const [name, weight] of Object.entries(weights)) this.#weights.set(name, weight)
    for (const made of nodes) this.#uses.add(made)
    for (const [, name] of removed.flatMap(weightRoles)) {
      if (this.#uses.weightReaders(name).length === 0) this.#weights.delete(name)
    }
  }
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

/** `wanted`, or a variation of it that no value has. */
export function freeName(wanted: string, context: Context): string {
  let name = wanted
  for (let suffix = 2; context.node(name) || context.shape(name); suffix++) name = `${wanted}.${suffix}`
  return name
}
