import { floatWeight, MobileOneError, type Model } from '@mobileone/core'
import type { FileBuilder } from './file-builder.ts'

/** What the lowering of one model shares. */
export interface Lowering {
  readonly file: FileBuilder
  readonly model: Model
  /** The shape of every value, as the model has it: NCHW. */
  readonly shapes: Readonly<Record<string, readonly number[]>>
  /** The tensor in the file of each value so far. */
  readonly tensors: Map<string, number>
}

/** [N, C, H, W] as [N, H, W, C]; other shapes as they are. */
export function channelsLast(shape: readonly number[]): readonly number[] {
  const [batch = 1, channels = 1, ...spatial] = shape
  return spatial.length === 2 ? [batch, ...spatial, channels] : shape
}

/** The tensor that will hold the value `name`. */
export function declareValue({ file, shapes, tensors }: Lowering, name: string): number {
  const index = file.value(name, channelsLast(shapes[name] as readonly number[]))
  tensors.set(name, index)
  return index
}

/** The weight `name`, its elements in the file. */
export function storeWeight({ file, model }: Lowering, name: string): number {
  const { shape, data } = floatWeight(model, name)
  return file.constant(name, shape, data)
}

export function unsupported(model: Model, what: string): MobileOneError {
  return new MobileOneError('unsupported', `cannot write model "${model.name}" as .tflite: ${what}`)
}
