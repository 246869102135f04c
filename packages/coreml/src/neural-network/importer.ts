import { elementCount, MobileOneError, type Node, type Tensor, tensor } from '@mobileone/core'
import { limits, type WeightBudget } from '../read/limits.ts'
import type { Affine } from '../read/read-card.ts'

/** A value of the network: one of the model, which may have other axes. The elements and their order are the same. */
export interface Value {
  readonly kind: 'value'
  /** Of the model's node or input. */
  readonly name: string
  /** In the model. */
  readonly shape: readonly number[]
  /** In the file: 1 to 5 axes, the last three of a map being channel, height and width. */
  readonly core: readonly number[]
  /** An image before the network has used it: what was done to its pixels so far. */
  readonly affine?: Affine
  /** Zeros to be added on both sides of height and width by the layer that reads this. */
  readonly padding?: readonly [height: number, width: number]
}

export interface Constant {
  readonly kind: 'constant'
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Collects the nodes and weights of a model while a network's layers are read. */
export class NetworkImporter {
  readonly nodes: Node[] = []
  readonly weights: Map<string, Tensor> = new Map()
  /** What the network does to the pixels of its image, once a layer has used it. */
  affine: Affine | undefined
  readonly budget: WeightBudget
  readonly #known = new Map<string, Value | Constant>()
  readonly #made = new Set<string>()
  readonly #flattened = new Map<string, string>()

  /** @param budget How much may be made of the file's weights. */
  constructor(budget: WeightBudget) {
    this.budget = budget
  }

  has(name: string): boolean {
    return this.#known.has(name)
  }

  define(name: string, where: string, known: Value | Constant): void {
    if (this.#known.has(name)) this.fail(`${where} makes "${name}", which is there already`)
    this.#known.set(name, known)
    this.#made.add(name)
  }

  known(name: string, where: string): Value | Constant {
    return this.#known.get(name) ?? this.fail(`${where} reads "${name}", which no earlier layer makes`)
  }

  value(name: string, where: string): Value {
    const known = this.known(name, where)
    if (known.kind === 'value') return known
    throw new MobileOneError(
      'unsupported',
      `${where} of the Core ML network uses the constant "${name}" as a value`,
    )
  }

  /** The model's name of a value that is read as it is; this fixes the preprocessing where it is the image. */
  take(name: string, where: string): string {
    return this.use(this.value(name, where), where)
  }

  use(value: Value, where: string): string {
    if (value.padding) {
      throw new MobileOneError(
        'unsupported',
        `${where} of the Core ML network reads a padded value, and only convolutions pad`,
      )
    }
    return this.usePadded(value)
  }

  usePadded(value: Value): string {
    if (value.affine) {
      if (this.affine && String(Object.values(this.affine)) !== String(Object.values(value.affine)))
        throw new MobileOneError('unsupported', 'the Core ML network normalises its image in two ways')
      this.affine = value.affine
    }
    return value.name
  }

  push(node: Node): void {
    this.nodes.push(node)
    if (this.nodes.length > limits.nodes) {
      throw new MobileOneError('unsupported', `the Core ML network makes more than ${limits.nodes} nodes`)
    }
  }

  weight(name: string, shape: readonly number[], data: Float32Array): string {
    this.weights.set(name, tensor(shape, data))
    return name
  }

  /** A name for a node that the file has no name for. */
  fresh(stem: string): string {
    let name = stem
    for (let count = 1; this.#made.has(name) || this.#known.has(name); count++) name = `${stem}.${count}`
    this.#made.add(name)
    return name
  }

  /** The model's value of the shape [rows, columns], flattened where it is a map. */
  asMatrix(value: Value, rows: number, columns: number, where: string): string {
    const name = this.use(value, where)
    const { shape } = value
    if (shape[0] !== rows || elementCount(shape.slice(1)) !== columns) {
      throw new MobileOneError(
        'unsupported',
        `${where} of the Core ML network reads [${shape.join(', ')}] as [${rows}, ${columns}]`,
      )
    }
    if (shape.length === 2) return name
    const known = this.#flattened.get(name)
    if (known !== undefined) return known
    const flat = this.fresh(`${name}.flatten`)
    this.push({ op: 'flatten', name: flat, inputs: [name] })
    this.#flattened.set(name, flat)
    return flat
  }

  /** Check that the model's value has the axes [N, C, H, W] which the file gives it. */
  mapShape(
    value: Value,
    where: string,
  ): readonly [batch: number, channels: number, height: number, width: number] {
    const { core, shape } = value
    const [channels = 0, height = 0, width = 0] = core.slice(-3)
    const map = [elementCount(core.slice(0, -3)), channels, height, width] as const
    if (core.length < 4) this.fail(`${where} reads a value of ${core.length} axes as a map`)
    if (String(map) !== String(shape)) {
      throw new MobileOneError(
        'unsupported',
        `${where} of the Core ML network reads [${shape.join(', ')}] as [${map.join(', ')}]`,
      )
    }
    return map
  }

  fail(message: string): never {
    throw new MobileOneError('invalid-file', `not a readable Core ML network: ${message}`)
  }
}
