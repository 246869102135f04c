/** Who makes a value, who reads it, and until when it is needed: asked by every transform and every planner. */
import type { Graph, Node } from './model.ts'
import { weightRoles } from './ops.ts'

/** The makers and readers of the values and weights of a graph. */
export interface Uses {
  /** The node that makes the value; undefined for an input of the graph. */
  producer(value: string): Node | undefined
  /** The nodes that read the value, each once. */
  readers(value: string): readonly Node[]
  /** How often the value is read: once for each input of a node that it is, and for each output that shows it. */
  reads(value: string): number
  /** True when an output of the graph shows the value. */
  isOutput(value: string): boolean
  /** The node that reads the value, where it alone does, once, and no output shows it. */
  soleReader(value: string): Node | undefined
  /** The nodes that read the weight. */
  weightReaders(weight: string): readonly Node[]
}

/** {@link Uses} of a graph that stays as it is. */
export interface GraphUses extends Uses {
  /**
   * The index of the last node that reads the value; `nodes.length` where an output shows it, the index of its own node where
   * nothing reads it, -1 for an input that nothing reads.
   */
  lastUse(value: string): number
}

/** The uses of all values of `graph`, in time linear in its nodes. Readers stand in execution order. */
export function findUses(graph: Graph): GraphUses {
  const index = new UsesIndex(graph)
  const last = findLastUses(graph.nodes, Object.values(graph.outputs))
  return {
    producer: (value) => index.producer(value),
    readers: (value) => index.readers(value),
    reads: (value) => index.reads(value),
    isOutput: (value) => index.isOutput(value),
    soleReader: (value) => index.soleReader(value),
    weightReaders: (weight) => index.weightReaders(weight),
    lastUse: (value) => last.get(value) ?? -1,
  }
}

/** `lastUse` of each value that is made or read, for steps of any kind: {@link GraphUses.lastUse} of a graph's nodes. */
export function findLastUses(
  steps: readonly { readonly name: string; readonly inputs: readonly string[] }[],
  outputs: Iterable<string>,
): ReadonlyMap<string, number> {
  const last = new Map<string, number>()
  for (const [at, { name, inputs }] of steps.entries()) {
    if (!last.has(name)) last.set(name, at)
    for (const input of inputs) last.set(input, at)
  }
  for (const value of outputs) last.set(value, steps.length)
  return last
}

/** {@link Uses} that follows a graph under change, node by node. */
export class UsesIndex implements Uses {
  readonly #nodes = new Map<string, Node>()
  readonly #readers = new Map<string, Set<Node>>()
  readonly #reads = new Map<string, number>()
  readonly #weightReaders = new Map<string, Set<Node>>()
  readonly #outputs: ReadonlySet<string>

  constructor(graph: Graph) {
    this.#outputs = new Set(Object.values(graph.outputs))
    for (const node of graph.nodes) this.add(node)
    for (const value of Object.values(graph.outputs)) this.#count(value, 1)
  }

  add(node: Node): void {
    this.#nodes.set(node.name, node)
    for (const input of node.inputs) {
      entry(this.#readers, input).add(node)
      this.#count(input, 1)
    }
    for (const [, weight] of weightRoles(node)) entry(this.#weightReaders, weight).add(node)
  }

  /** Forget a node that was added. */
  remove(node: Node): void {
    if (this.#nodes.get(node.name) === node) this.#nodes.delete(node.name)
    for (const input of node.inputs) {
      this.#readers.get(input)?.delete(node)
      this.#count(input, -1)
    }
    for (const [, weight] of weightRoles(node)) this.#weightReaders.get(weight)?.delete(node)
  }

  producer(value: string): Node | undefined {
    return this.#nodes.get(value)
  }

  readers(value: string): readonly Node[] {
    return [...(this.#readers.get(value) ?? [])]
  }

  reads(value: string): number {
    return this.#reads.get(value) ?? 0
  }

  isOutput(value: string): boolean {
    return this.#outputs.has(value)
  }

  soleReader(value: string): Node | undefined {
    if (this.reads(value) !== 1) return undefined
    const [reader] = this.#readers.get(value) ?? []
    return reader
  }

  weightReaders(weight: string): readonly Node[] {
    return [...(this.#weightReaders.get(weight) ?? [])]
  }

  #count(value: string, change: number): void {
    this.#reads.set(value, this.reads(value) + change)
  }
}

function entry(map: Map<string, Set<Node>>, key: string): Set<Node> {
  let set = map.get(key)
  if (!set) map.set(key, (set = new Set()))
  return set
}
