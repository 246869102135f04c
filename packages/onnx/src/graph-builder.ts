import {
  floatWeight,
  integerWeight,
  type Model,
  type Node,
  type QuantizedTensor,
  type Weight,
} from '@mobileone/core'
import { uniqueNames } from './names.ts'
import { dataType, type OnnxAttribute, type OnnxNode, type OnnxTensor } from './proto.ts'

/** Attributes of a node by name. */
export type Attributes = ReadonlyMap<string, OnnxAttribute>

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

  /** The weight of `node` where its layer is computed in integers. */
  integerWeight(node: Node): QuantizedTensor | undefined {
    return integerWeight(this.#model, node)
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
    return this.#stored(name).shape
  }

  /** The diagonal that the int8 weight `name` keeps apart, undefined where there is none that {@link levels} leaves out. */
  diagonal(name: string): Float32Array | undefined {
    const weight = this.#stored(name)
    return isLevels(weight) ? weight.diagonal : undefined
  }

  /** The value that holds a model weight: an initialiser, or a dequantised one, without its diagonal. */
  weight(name: string): string {
    const weight = this.#stored(name)
    if (isLevels(weight)) return this.levels(name, weight)
    return this.#once(name, name, (unique) => {
      const { shape, data } = floatWeight(this.#model, name)
      this.#initializer(unique, shape, dataType.float, data)
    })
  }

  /** The initialiser that holds a matrix of the model, in float32, with its axes swapped. */
  transposedWeight(name: string): string {
    return this.#once(`${name}/transposed`, `${name}/transposed`, (unique) => {
      const { shape, data } = floatWeight(this.#model, name)
      const [rows = 1, columns = 1] = shape
      const turned = data.map((_, at) => data[(at % rows) * columns + Math.floor(at / rows)] as number)
      this.#initializer(unique, [columns, rows], dataType.float, turned)
    })
  }

  /** `scale (data - zero point)` of the int8 elements of `weight`, whose steps and diagonal are left to the caller. */
  levels(name: string, weight: QuantizedTensor): string {
    const { shape, data, scales, zeroPoints } = weight
    const channels = [scales.length]
    return this.#once(`levels ${name}`, `${name}/float`, (unique) => {
      const parts = [
        this.#once(`int8 ${name}`, name, (int8) =>
          this.#initializer(int8, shape, dataType.int8, bytesOf(data)),
        ),
        this.floats(`${name}.scale`, channels, scales),
      ]
      if (zeroPoints) {
        parts.push(
          this.#once(`zero ${name}`, `${name}.zero`, (zero) =>
            this.#initializer(zero, channels, dataType.int8, bytesOf(zeroPoints)),
          ),
        )
      }
      this.emit('DequantizeLinear', unique, parts, unique, new Map([['axis', { type: 'int', value: 0 }]]))
    })
  }

  /** An initialiser of float32 elements, shared by every use of `name`. */
  floats(name: string, shape: readonly number[], elements: Float32Array): string {
    return this.#once(`floats ${name}`, name, (unique) =>
      this.#initializer(unique, shape, dataType.float, elements),
    )
  }

  /** The value that is no step of int8, shared by every use. */
  zeroPoint(): string {
    return this.#once('zero point', 'int8/zero', (unique) =>
      this.#initializer(unique, [], dataType.int8, new Uint8Array(1)),
    )
  }

  #stored(name: string): Weight {
    return this.#model.weights[name] as Weight
  }

  /** The value of `key`, made once under a name that begins as `wanted`. */
  #once(key: string, wanted: string, make: (unique: string) => void): string {
    let unique = this.#weights.get(key)
    if (unique === undefined) {
      unique = this.#uniqueValue(wanted)
      this.#weights.set(key, unique)
      make(unique)
    }
    return unique
  }

  /** An initialiser of these elements, shared by every use of `name`. */
  constant(name: string, shape: readonly number[], elements: readonly number[]): string {
    let unique = this.#constants.get(name)
    if (unique === undefined) {
      unique = this.#uniqueValue(name)
      this.#constants.set(name, unique)
      this.#initializer(unique, shape, dataType.float, Float32Array.from(elements))
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
    attributes: Attributes = new Map(),
  ): string {
    this.nodes.push({ name: this.#uniqueNode(name), op, domain: '', inputs, outputs: [output], attributes })
    return output
  }

  #initializer(name: string, dims: readonly number[], type: number, raw: Float32Array | Uint8Array): void {
    this.initializers.push({ ...plainTensor(name, dims, type), raw })
  }
}

/** Whether a file can hold `weight` level by level. Steps of inputs go with a layer, see `lowerIntegerConvolution`. */
function isLevels(weight: Weight): weight is QuantizedTensor {
  return weight.dtype === 'int8' && !weight.inputSteps
}

function bytesOf({ buffer, byteOffset, byteLength }: Int8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function plainTensor(name: string, dims: readonly number[], type: number): OnnxTensor {
  return { name, dims, type, floats: [], ints: [], doubles: [], external: false }
}
