import {
  elementCount,
  type Graph,
  MobileOneError,
  type Node,
  outputShape,
  type QuantizedTensor,
  tensor,
  type Weight,
  weightRoles,
} from '@mobileone/core'
import { elementLimit, limits } from '../limits.ts'
import { uniqueNames } from '../names.ts'
import type { OnnxNode, OnnxTensor } from '../proto.ts'
import { describe } from './attributes.ts'
import {
  type ByteConstant,
  type Constant,
  decodeConstant,
  type FloatConstant,
  type Levels,
} from './constant.ts'

/** A value the imported model computes. */
export interface Made {
  readonly kind: 'made'
  readonly name: string
  readonly shape: readonly number[]
}

/** `factor` times the value `of`: a step of a GELU, or, where something else reads it, the node `source` of the file. */
export interface Scaled {
  readonly kind: 'deferred'
  readonly form: 'scaled'
  readonly of: Made
  readonly factor: number
  readonly source: OnnxNode
}

/**
 * Part of a pattern that becomes one node: `factor` times the form of the value `of`, with phi(x) = 1 + erf(x / sqrt 2).
 * `matmul` waits for the bias that its only reader adds, `product`, of two values, for the factor that its only reader has.
 */
export type Deferred =
  | Scaled
  | {
      readonly kind: 'deferred'
      readonly form: 'erf' | 'phi' | 'xphi' | 'sigmoid'
      readonly of: Made
      readonly factor: number
    }
  | { readonly kind: 'deferred'; readonly form: 'matmul'; readonly of: Made; readonly weight: FloatConstant }
  | { readonly kind: 'deferred'; readonly form: 'product'; readonly of: Made; readonly by: Made }
  | {
      /** Of the three nodes of a channel shuffle, the first or the first two: channels as [groups, C / groups], or the other way round. */
      readonly kind: 'deferred'
      readonly form: 'grouped' | 'shuffled'
      readonly of: Made
      readonly groups: number
    }
  | Stepped
  | Own
  | {
      /** A layer that is `of` already, and waits for the Add of what it takes of its own input. */
      readonly kind: 'deferred'
      readonly form: 'whole'
      readonly of: Made
      readonly own: Own
    }

/** What an int8 layer reads, and what of it at a stride. */
export interface Source {
  readonly of: Made
  /** One an input channel, where the layer is computed in integers. */
  readonly steps?: FloatConstant
  readonly stride: readonly [height: number, width: number]
}

/** A value in steps of int8: divided, rounded to levels, and those as numbers; `strided` also of a value as it is. */
export interface Stepped extends Source {
  readonly kind: 'deferred'
  readonly form: 'divided' | 'levels' | 'numbers' | 'strided'
}

/** The diagonal of a square layer times its input. */
export interface Own extends Source {
  readonly kind: 'deferred'
  readonly form: 'own'
  readonly diagonal: FloatConstant
  /** The node of the file: a depthwise convolution where no layer takes it, as the scale of a residual branch. */
  readonly source: OnnxNode
}

/** Parts of an int8 weight that lie apart from its levels. */
export interface Apart {
  readonly diagonal?: FloatConstant
  readonly inputSteps?: FloatConstant
}

export type Value = Made | Constant | ByteConstant | Deferred

/** The model under construction: the values of the file by name, and the nodes and weights made so far. */
export class ImportGraph {
  readonly nodes: Node[] = []
  readonly weights: Map<string, Weight> = new Map()
  /** The default-domain opset of the file. */
  readonly opset: number
  readonly #values = new Map<string, Value>()
  /** By model value name. */
  readonly #shapes = new Map<string, readonly number[]>()
  readonly #initializers: ReadonlyMap<string, OnnxTensor>
  readonly #soleReaders: ReadonlyMap<string, OnnxNode>
  readonly #read: ReadonlySet<string>
  readonly #uniqueValue = uniqueNames()
  readonly #uniqueWeight = uniqueNames()
  readonly #weightNames = new Map<Constant, Map<string, string>>()
  readonly #derived = new Map<Constant, Map<string, FloatConstant>>()
  readonly #settled = new Map<Scaled | Own, Made>()
  #elementsLeft: number

  /**
   * @param soleReaders The node that alone reads a value, where there is one.
   * @param read The values that a node reads or an output shows.
   * @param byteLength Size of the file, which bounds how many elements may be made of it.
   */
  constructor(
    opset: number,
    initializers: ReadonlyMap<string, OnnxTensor>,
    soleReaders: ReadonlyMap<string, OnnxNode>,
    read: ReadonlySet<string>,
    byteLength: number,
  ) {
    this.opset = opset
    this.#initializers = initializers
    this.#soleReaders = soleReaders
    this.#read = read
    this.#elementsLeft = elementLimit(byteLength)
  }

  /** The first value of this batch, undefined without one. */
  ofBatch(batch: number | undefined): string | undefined {
    for (const [name, shape] of this.#shapes) if (shape[0] === batch) return name
    return undefined
  }

  addInput(name: string, shape: readonly number[]): void {
    const made: Made = { kind: 'made', name: this.#uniqueValue(name), shape }
    this.#shapes.set(made.name, shape)
    this.#values.set(name, made)
  }

  /** What `name` is, undefined where nothing before has made it. */
  find(name: string): Value | undefined {
    let value = this.#values.get(name)
    const initializer = value ? undefined : this.#initializers.get(name)
    if (initializer) {
      value = decodeConstant(initializer, name)
      if (value.kind === 'constant') this.charge(value.data.length)
      this.#values.set(name, value)
    }
    return value
  }

  /** Record what output 0 of `node` is. */
  set(node: OnnxNode, value: Value): void {
    this.assign(node.outputs[0] as string, value)
  }

  /** Record what the value `name` of the file is. */
  assign(name: string, value: Value): void {
    this.#values.set(name, value)
  }

  /** The only node that reads output 0 of `node`, undefined when there are others. */
  soleReader(node: OnnxNode): OnnxNode | undefined {
    return this.#soleReaders.get(node.outputs[0] as string)
  }

  /** Whether a node reads the value `name` of the file, or an output shows it. */
  isRead(name: string): boolean {
    return this.#read.has(name)
  }

  /** Input `index` of `node`, which must be there. */
  input(node: OnnxNode, index: number): Value {
    const name = node.inputs[index]
    if (!name) return this.invalid(node, `input ${index} is missing`)
    return this.find(name) ?? this.invalid(node, `reads "${name}", which nothing makes`)
  }

  /** Input `index`, which must be a value the network computes. */
  made(node: OnnxNode, index: number): Made {
    const value = this.settled(this.input(node, index))
    if (value.kind === 'made') return value
    return this.unsupported(node, `input ${index} ("${node.inputs[index]}") ${whyNotMade(value)}`)
  }

  /** A number times a value, or one for each channel of a map, as a value of its own; other values as they are. */
  settled(value: Value): Value {
    if (value.kind !== 'deferred' || (value.form !== 'scaled' && value.form !== 'own')) return value
    if (value.form === 'own' && (value.steps || value.of.shape.length !== 4)) return value
    const { of, source } = value
    const known = this.#settled.get(value)
    if (known) return known
    const made = this.emit(source, (name) =>
      value.form === 'scaled'
        ? { op: 'affine', name, inputs: [of.name], scale: value.factor, offset: 0 }
        : {
            op: 'conv2d',
            name,
            inputs: [of.name],
            weight: this.weight(value.diagonal, [of.shape[1] as number, 1, 1, 1]),
            stride: value.stride,
            padding: [0, 0],
            dilation: [1, 1],
            groups: of.shape[1] as number,
          },
    )
    this.#settled.set(value, made)
    return made
  }

  /** Input `index`, which must be a constant of float elements. */
  floats(node: OnnxNode, index: number): FloatConstant {
    const value = this.input(node, index)
    // The numbers of a constant in 8 bits are made when they are asked for.
    if (value.kind === 'constant' && ('levels' in value || value.data instanceof Float32Array))
      return value as FloatConstant
    return this.unsupported(node, `input ${index} ("${node.inputs[index]}") must be a constant float tensor`)
  }

  /** Input `index` as the whole numbers of a shape or of axes. */
  integers(node: OnnxNode, index: number): readonly number[] {
    const value = this.input(node, index)
    if (value.kind !== 'constant' || value.data instanceof Float32Array) {
      return this.unsupported(node, `input ${index} ("${node.inputs[index]}") must be constant whole numbers`)
    }
    if (value.data.length > limits.shapeNumbers) this.invalid(node, `a shape of ${value.data.length} numbers`)
    return value.data
  }

  /** Append a node for `source`, named after it, or after it and `part` where `source` becomes several. */
  emit(source: OnnxNode, build: (name: string) => Node, part?: string): Made {
    const base = source.name || (source.outputs[0] as string)
    const node = build(this.#uniqueValue(part === undefined ? base : `${base}/${part}`))
    const inputShapes = node.inputs.map((input) => this.#shapes.get(input) as readonly number[])
    const weights = Object.fromEntries(
      weightRoles(node).map(([, name]) => [name, this.weights.get(name) as Weight]),
    )
    const graph: Graph = { name: '', inputs: {}, nodes: [], outputs: {}, weights }
    const shape = outputShape(graph, node, inputShapes)
    if (!Number.isSafeInteger(elementCount(shape)))
      this.unsupported(source, `makes [${shape.join(', ')}], more elements than can be counted`)
    if (this.nodes.length >= limits.nodes)
      this.unsupported(source, `with it the model has more than ${limits.nodes} nodes`)
    this.nodes.push(node)
    this.#shapes.set(node.name, shape)
    return { kind: 'made', name: node.name, shape }
  }

  /**
   * The name of the weight that holds `constant`, in `shape` where it has another of as many elements. What was dequantised by its first
   * axis stays int8, with what lies `apart`.
   */
  weight(constant: FloatConstant, shape: readonly number[] = constant.shape, apart: Apart = {}): string {
    const names = this.#weightNames.get(constant) ?? new Map<string, string>()
    this.#weightNames.set(constant, names)
    const key = [shape.join('x'), apart.diagonal?.name, apart.inputSteps?.name].join(' ')
    let name = names.get(key)
    if (name === undefined) {
      name = this.#uniqueWeight(constant.name)
      names.set(key, name)
      const isKept = constant.levels?.axis === 0 && shape[0] === constant.shape[0]
      this.weights.set(name, isKept ? quantized(constant, shape, apart) : tensor(shape, constant.data))
    }
    return name
  }

  /** `constant` changed by `make`, once for each `key`; counts against what a file of this size may ask for. */
  derive(
    constant: FloatConstant,
    key: string,
    shape: readonly number[],
    make: (index: number) => number,
  ): FloatConstant {
    return this.variant(constant, key, () => {
      this.charge(elementCount(shape))
      const data = new Float32Array(elementCount(shape))
      for (let index = 0; index < data.length; index++) data[index] = make(index)
      // Written by this package, too.
      const name = constant.name.replace(/\/transposed$/, '')
      return { kind: 'constant', name, shape, data }
    })
  }

  /** What `make` makes of `constant`, once for each `key`. */
  variant(constant: FloatConstant, key: string, make: () => FloatConstant): FloatConstant {
    const variants = this.#derived.get(constant) ?? new Map<string, FloatConstant>()
    this.#derived.set(constant, variants)
    const variant = variants.get(key) ?? make()
    variants.set(key, variant)
    return variant
  }

  unsupported(node: OnnxNode, message: string): never {
    throw new MobileOneError('unsupported', `cannot import ${describe(node)}: ${message}`)
  }

  invalid(node: OnnxNode, message: string): never {
    throw new MobileOneError(
      'invalid-file',
      `the ONNX graph is not well formed: ${describe(node)}: ${message}`,
    )
  }

  /** Count elements that are made or looked through against what a file of this size may ask for. */
  charge(elements: number): void {
    this.#elementsLeft -= elements
    if (this.#elementsLeft < 0) {
      throw new MobileOneError(
        'invalid-file',
        'the ONNX graph makes far more weights than its file holds; it is damaged or hostile',
      )
    }
  }
}

function whyNotMade(value: Exclude<Value, Made>): string {
  if (value.kind !== 'deferred') return 'is a constant, where a feature map is expected'
  switch (value.form) {
    case 'grouped':
    case 'shuffled':
      return 'has channels in groups, which are understood only as part of a channel shuffle'
    case 'divided':
    case 'levels':
    case 'numbers':
    case 'strided':
    case 'own':
    case 'whole':
      return 'is a step of a layer in int8, which is understood only as part of one'
    default:
      return 'is a step of a GELU, which is understood only as part of one'
  }
}

function quantized(
  { levels }: FloatConstant,
  shape: readonly number[],
  { diagonal, inputSteps }: Apart,
): QuantizedTensor {
  const { data, scales, zeroPoints } = levels as Levels
  return {
    dtype: 'int8',
    shape,
    data,
    scales,
    ...(zeroPoints && { zeroPoints }),
    ...(diagonal && { diagonal: diagonal.data }),
    ...(inputSteps && { inputSteps: inputSteps.data }),
  }
}
