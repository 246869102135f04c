import {
  floatWeight,
  formatShape,
  MobileOneError,
  type Model,
  type QuantizedTensor,
  type Tensor,
  tensor,
} from '@mobileone/core'
import { float32ToFloat16 } from '@mobileone/core/half'
import type { FileBuilder } from './file-builder.ts'
import type { WeightStorage } from './options.ts'
import { permute } from './permute.ts'

/** Where rounding to float16 gives infinity. */
const beyondFloat16 = 65_520
/** DEQUANTIZE reads float16 since this version. */
const dequantizeVersion = 3
/** DEQUANTIZE reads scales of channels since this version. */
const perChannelVersion = 5

const orders = { dense: [0, 2, 3, 1], depthwise: [1, 2, 3, 0] } as const

/** The order of a convolution's axes [O, C / groups, kernelHeight, kernelWidth] in the file. */
export type FilterOrder = keyof typeof orders

/** The weights of one model in its file, each once, however many nodes read it. */
export class ConstantStore {
  readonly #file: FileBuilder
  readonly #model: Model
  readonly #storage: WeightStorage
  readonly #stored = new Map<string, number>()

  constructor(file: FileBuilder, model: Model, storage: WeightStorage) {
    this.#file = file
    this.#model = model
    this.#storage = storage
  }

  /** The weight `name` as a float32 tensor of the file, in the model's layout. */
  weight(name: string): number {
    return this.#once(name, name, () => floatWeight(this.#model, name))
  }

  /** The weight `name` of a convolution: [O, kernelHeight, kernelWidth, C / groups], or [1, kernelHeight, kernelWidth, O]. */
  filter(name: string, order: FilterOrder): number {
    return this.#once(`${order} ${name}`, name, () => permute(floatWeight(this.#model, name), orders[order]))
  }

  /**
   * The elements of the int8 weight `name` of a layer, of a convolution in `order`, as int8 with their scales: dequantised when the file is
   * loaded. Its input steps and its diagonal are left to the layer.
   */
  levels(name: string, { shape, data, scales, zeroPoints }: QuantizedTensor, order?: FilterOrder): number {
    const key = `levels ${order} ${name}`
    let index = this.#stored.get(key)
    if (index === undefined) {
      const turned = order ? permute({ shape, data }, orders[order]) : { shape, data }
      const meaning = {
        scales,
        zeroPoints: zeroPoints ?? new Int8Array(scales.length),
        axis: order === 'depthwise' ? 3 : 0,
      }
      const stored = this.#file.constant(`${name}.int8`, turned.shape, turned.data, meaning)
      index = this.#file.value(name, turned.shape)
      this.#file.operator('dequantize', [stored], index, { version: perChannelVersion })
      this.#stored.set(key, index)
    }
    return index
  }

  /** `count` zeros for the layer `node`, which has no bias. */
  zeros(node: string, count: number): number {
    return this.#once(`zeros ${count}`, `${node}.bias`, () => tensor([count]))
  }

  /** One number, float32 in every storage. */
  scalar(value: number): number {
    const key = `scalar ${value}`
    let index = this.#stored.get(key)
    if (index === undefined) {
      index = this.#file.constant(String(value), [], Float32Array.of(value))
      this.#stored.set(key, index)
    }
    return index
  }

  #once(key: string, name: string, read: () => Pick<Tensor, 'shape' | 'data'>): number {
    let index = this.#stored.get(key)
    if (index === undefined) this.#stored.set(key, (index = this.#store(name, read())))
    return index
  }

  #store(name: string, { shape, data }: Pick<Tensor, 'shape' | 'data'>): number {
    const file = this.#file
    switch (this.#storage) {
      case 'float32':
        return file.constant(name, shape, data)
      case 'float16': {
        const stored = file.constant(`${name}.float16`, shape, this.#halves(name, shape, data))
        const value = file.value(name, shape)
        file.operator('dequantize', [stored], value, { version: dequantizeVersion })
        return value
      }
      default:
        return this.#storage satisfies never
    }
  }

  #halves(name: string, shape: readonly number[], data: Float32Array): Uint16Array {
    const beyond = data.find((value) => Math.abs(value) >= beyondFloat16 && Number.isFinite(value))
    if (beyond !== undefined) {
      throw new MobileOneError(
        'invalid-argument',
        `cannot write model "${this.#model.name}" as .tflite in float16: the weight "${name}" (${formatShape(shape)}) ` +
          `holds ${beyond}, and float16 ends at 65504; write it with the storage float32`,
      )
    }
    return float32ToFloat16(data)
  }
}
