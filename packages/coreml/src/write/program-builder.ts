import {
  elementCount,
  MobileOneError,
  type QuantizedTensor,
  quantizeWeight,
  type Tensor,
} from '@mobileone/core'
import { float16ToFloat32, float32ToFloat16 } from '@mobileone/core/half'
import { Names } from '../mil/names.ts'
import {
  type Binding,
  type MilType,
  type Operation,
  stringValue,
  tensorType,
  type Value,
  type ValueType,
} from '../mil/program.ts'
import { weightFile } from '../mil/wire-numbers.ts'
import { littleEndian, WeightFileWriter } from './weight-file.ts'

export type Precision = 'float32' | 'float16' | 'int8'

/** Largest finite float16, and the smallest above 0. */
const [largestHalf, smallestHalf] = [65504, 2 ** -24]
/** Weights of fewer elements than this stay float16 in an int8 program: they weigh nothing and lose the most. */
const smallestQuantized = 8192

/** Collects the operations and weights of a program, in execution order. */
export class ProgramBuilder {
  readonly operations: Operation[] = []
  readonly weights: WeightFileWriter = new WeightFileWriter()
  readonly names: Names = new Names()
  /** Identifier to the name it has in the model, where they differ. */
  readonly renamed: Map<string, string> = new Map()
  readonly precision: Precision
  readonly #model: string
  readonly #keepsFloats: boolean
  /** Weight of the model to the constant that holds it. */
  readonly weightNames: Map<string, string> = new Map()
  /** The same of int8 weights whose steps and diagonal the program says itself. */
  readonly levelNames: Map<string, string> = new Map()
  readonly #shared = new Map<string, string>()

  /** @param keepsFloats Whether weights that the model has in float32 stay floats in an int8 program. */
  constructor(model: string, precision: Precision, keepsFloats = false) {
    this.#model = model
    this.precision = precision
    this.#keepsFloats = keepsFloats
  }

  /** The element type of values inside the program. */
  get dtype(): 'fp16' | 'fp32' {
    return this.precision === 'float32' ? 'fp32' : 'fp16'
  }

  /** An identifier for a name of the model. */
  identifier(name: string): string {
    const taken = this.names.take(name)
    if (taken !== name) this.renamed.set(taken, name)
    return taken
  }

  emit(
    type: string,
    name: string,
    inputs: Readonly<Record<string, string | readonly string[] | Value>>,
    ...outputs: readonly { readonly name: string; readonly type: ValueType }[]
  ): void {
    const bindings = Object.entries(inputs).map(([key, bound]): [string, Binding] => [key, bind(bound)])
    this.operations.push({
      type,
      inputs: new Map(bindings),
      outputs,
      attributes: new Map([['name', stringValue(name)]]),
    })
  }

  /** A constant under a name that is taken already. */
  constant(name: string, value: Value): string {
    this.operations.push({
      type: 'const',
      inputs: new Map(),
      outputs: [{ name, type: value.type }],
      attributes: new Map([
        ['name', stringValue(name)],
        ['val', value],
      ]),
    })
    return name
  }

  /** Whole numbers, or one; equal ones under one stem are one constant. */
  integers(stem: string, values: readonly number[] | number): string {
    const list = typeof values === 'number' ? [values] : values
    const type = tensorType('int32', typeof values === 'number' ? [] : [list.length])
    return this.#sharedConstant(stem, list.join('_').replaceAll('-', 'minus_'), {
      type,
      payload: { kind: 'numbers', values: list },
    })
  }

  /** One number of the element type of values; `suffix` names it. */
  scalar(stem: string, suffix: string, value: number): string {
    const values = Float32Array.of(value)
    const halves = float32ToFloat16(values)
    const isLost = Math.abs(value) > largestHalf || (value !== 0 && float16ToFloat32(halves)[0] === 0)
    if (this.dtype === 'fp16' && isLost) {
      throw new MobileOneError(
        'unsupported',
        `cannot write model "${this.#model}" as ${this.precision}: "${this.renamed.get(stem) ?? stem}" uses the number ${value}, and float16 goes from ${smallestHalf} to ${largestHalf}; export with precision "float32"`,
      )
    }
    const payload =
      this.dtype === 'fp32'
        ? ({ kind: 'numbers', values } as const)
        : ({ kind: 'bytes', bytes: littleEndian(halves) } as const)
    return this.#sharedConstant(stem, suffix, { type: tensorType(this.dtype), payload })
  }

  text(stem: string, text: string): string {
    return this.#sharedConstant(stem, text, stringValue(text))
  }

  bool(stem: string, flag: boolean): string {
    return this.#sharedConstant(stem, String(flag), {
      type: tensorType('bool'),
      payload: { kind: 'bools', values: [flag] },
    })
  }

  #sharedConstant(stem: string, suffix: string, value: Value): string {
    const key = `${stem} ${suffix}`
    const known = this.#shared.get(key)
    if (known !== undefined) return known
    const name = this.constant(this.names.take(`${stem}_${suffix}`), value)
    this.#shared.set(key, name)
    return name
  }

  /** A float32 constant kept in the program itself. */
  floats(name: string, shape: readonly number[], values: readonly number[]): string {
    return this.constant(this.names.take(name), {
      type: tensorType('fp32', shape),
      payload: { kind: 'numbers', values: Float32Array.from(values) },
    })
  }

  /** A weight of the model in the weight file, quantised where the program is int8 and the weight is a large dense kernel. */
  weight(
    name: string,
    weight: Tensor,
    identifier: string = this.identifier(name),
    keepsFloats: boolean = this.#keepsFloats,
  ): string {
    for (const value of weight.data) {
      if (Number.isFinite(value) && (this.dtype === 'fp32' || Math.abs(value) <= largestHalf)) continue
      throw new MobileOneError(
        'unsupported',
        Number.isFinite(value)
          ? `cannot write model "${this.#model}" as ${this.precision}: the weight "${name}" has an element of ${value}, and float16 ends at ${largestHalf}; export with precision "float32"`
          : `cannot write model "${this.#model}": the weight "${name}" has an element of ${value}; the checkpoint is damaged`,
      )
    }
    // Depthwise kernels [C, 1, h, w] have few elements in each channel, and those in widely different ranges.
    const large = (weight.shape[1] ?? 1) > 1 && elementCount(weight.shape) >= smallestQuantized
    if (this.precision === 'int8' && large && !keepsFloats)
      return this.#quantizedWeight(identifier, quantizeWeight(weight))
    const bytes = littleEndian(this.dtype === 'fp32' ? weight.data : float32ToFloat16(weight.data))
    return this.constant(identifier, this.#blob(this.dtype, weight.shape, bytes))
  }

  /**
   * The levels of an int8 weight whose steps and diagonal the program says itself: `factor` times its scales, a power of 2, in float16.
   * @param name An identifier.
   */
  levels(name: string, weight: QuantizedTensor, factor: number): string {
    return this.#quantizedWeight(name, { ...weight, scales: weight.scales.map((scale) => scale * factor) })
  }

  /**
   * A weight that the model stores as int8, level by level: where the program is int8, float16 can say every scale, and neither steps of
   * inputs nor a diagonal are kept apart. Undefined otherwise.
   */
  storedInt8(name: string, weight: QuantizedTensor): string | undefined {
    const { scales, diagonal, inputSteps } = weight
    const halves = float16ToFloat32(float32ToFloat16(scales))
    const exact = scales.every((scale, channel) => scale === halves[channel])
    if (this.precision !== 'int8' || diagonal || inputSteps || !exact) return undefined
    return this.#quantizedWeight(this.identifier(name), weight)
  }

  #quantizedWeight(name: string, weight: QuantizedTensor): string {
    const { data, scales, zeroPoints = new Int8Array(scales.length) } = weight
    const channels = [scales.length]
    this.operations.push({
      type: 'constexpr_affine_dequantize',
      inputs: new Map(),
      outputs: [{ name, type: tensorType('fp16', weight.shape) }],
      attributes: new Map<string, Value>([
        ['name', stringValue(name)],
        ['quantized_data', this.#blob('int8', weight.shape, littleEndian(data))],
        ['zero_point', this.#blob('int8', channels, littleEndian(zeroPoints))],
        ['scale', this.#blob('fp16', channels, littleEndian(float32ToFloat16(scales)))],
        ['axis', { type: tensorType('int32'), payload: { kind: 'numbers', values: [0] } }],
      ]),
    })
    return name
  }

  #blob(dtype: MilType, shape: readonly number[], bytes: Uint8Array): Value {
    const offset = this.weights.add(dtype, bytes)
    return { type: tensorType(dtype, shape), payload: { kind: 'blob', file: weightFile, offset } }
  }
}

function bind(bound: string | readonly string[] | Value): Binding {
  if (typeof bound === 'string') return { kind: 'name', name: bound }
  if ('type' in bound) return { kind: 'value', value: bound }
  const [name, ...others] = bound
  return others.length === 0 && name !== undefined ? { kind: 'name', name } : { kind: 'names', names: bound }
}
