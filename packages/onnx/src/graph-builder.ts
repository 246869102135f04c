import { floatWeight, type Model } from '@mobileone/core'
import { uniqueNames } from './names.ts'
import { dataType, type OnnxAttribute, type OnnxNode, type OnnxTensor } from './proto.ts'

/**
 * Collects ONNX nodes and initialisers for one model, and keeps the names apart: ONNX has one namespace for inputs,
 * outputs, node values and weights, where a model has one for values and one for weights. Input and output names are
 * kept; a value or weight that clashes with them gets a suffix.
 */
export class GraphBuilder {
  readonly nodes: OnnxNode[] = []
  readonly initializers: OnnxTensor[] = []
  readonly #model: Model
  readonly #uniqueValue = uniqueNames()
  readonly #uniqueNode = uniqueNames()
  readonly #values = new Map<string, string>()
  readonly #weights = new Map<string, string>()
  readonly #constants = new Map<string, string>()

  constructor(model: Model) {
    this.#model = model
  }

  /** Declare an input; returns its ONNX name. */
  input(name: string): string {
    const unique = this.#uniqueValue(name)
    this.#values.set(name, unique)
    return unique
  }

  /** Keep an output's name from being given to another value. */
  reserveOutput(name: string): void {
    this.#uniqueValue(name)
  }

  /** Let the node `value` produce the output `name` itself, unless it is an input or shown under another name. */
  showAs(value: string, name: string): void {
    if (!this.#values.has(value)) this.#values.set(value, name)
  }

  /** Let nodes that read the model value `value` read the ONNX value `name` instead. */
  replace(value: string, name: string): void {
    this.#values.set(value, name)
  }

  /** The ONNX name of a model value. */
  value(name: string): string {
    let value = this.#values.get(name)
    if (value === undefined) {
      value = this.#uniqueValue(name)
      this.#values.set(name, value)
    }
    return value
  }

  weightShape(name: string): readonly number[] {
    return (this.#model.weights[name] as Model['weights'][string]).shape
  }

  /** The initialiser that holds a model weight. */
  weight(name: string): string {
    let unique = this.#weights.get(name)
    if (unique === undefined) {
      unique = this.#uniqueValue(name)
      this.#weights.set(name, unique)
      const { shape, data } = floatWeight(this.#model, name)
      this.#initializer(unique, shape, data)
    }
    return unique
  }

  /** The initialiser that holds a matrix of the model with its axes swapped. */
  transposedWeight(name: string): string {
    const { shape, data } = floatWeight(this.#model, name)
    const [rows = 1, columns = 1] = shape
    const key = `${name}/transposed`
    let unique = this.#weights.get(key)
    if (unique === undefined) {
      unique = this.#uniqueValue(key)
      this.#weights.set(key, unique)
      const turned = data.map((_, at) => data[(at % rows) * columns + Math.floor(at / rows)] as number)
      this.#initializer(unique, [columns, rows], turned)
    }
    return unique
  }

  /** An initialiser of these elements, shared by every use of `name`. */
  constant(name: string, shape: readonly number[], elements: readonly number[]): string {
    let unique = this.#constants.get(name)
    if (unique === undefined) {
      unique = this.#uniqueValue(name)
      this.#constants.set(name, unique)
      this.#initializer(unique, shape, Float32Array.from(elements))
    }
    return unique
  }

  /** An initialiser of whole numbers, int64. */
  integers(name: string, values: readonly number[]): string {
    const unique = this.#uniqueValue(name)
    this.initializers.push({ ...plainTensor(unique, [values.length], dataType.int64), ints: values })
    return unique
  }

  /** A new value name that begins as `wanted`. */
  fresh(wanted: string): string {
    return this.#uniqueValue(wanted)
  }

  emit(
    op: string,
    name: string,
    inputs: readonly string[],
    output: string,
    attributes: ReadonlyMap<string, OnnxAttribute> = new Map(),
  ): string {
    this.nodes.push({ name: this.#uniqueNode(name), op, domain: '', inputs, outputs: [output], attributes })
    return output
  }

  #initializer(name: string, dims: readonly number[], raw: Float32Array): void {
    this.initializers.push({ ...plainTensor(name, dims, dataType.float), raw })
  }
}

function plainTensor(name: string, dims: readonly number[], type: number): OnnxTensor {
  return { name, dims, type, floats: [], ints: [], doubles: [], external: false }
}
