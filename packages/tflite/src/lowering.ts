import { MobileOneError, type Model } from '@mobileone/core'
import type { ConstantStore } from './constant-store.ts'
import type { FileBuilder } from './file-builder.ts'

/** What the lowering of one model shares. */
export interface Lowering {
  readonly file: FileBuilder
  readonly model: Model
  readonly constants: ConstantStore
  /** The shape of every value, as the model has it: NCHW. */
  readonly shapes: Readonly<Record<string, readonly number[]>>
  /** The tensor in the file of each value so far. */
  readonly tensors: Map<string, number>
  /** The name in the file of each value that is not called as in the model. */
  readonly names: ReadonlyMap<string, string>
}

/** [N, C, H, W] as [N, H, W, C]; other shapes as they are. */
export function channelsLast(shape: readonly number[]): readonly number[] {
  const [batch = 1, channels = 1, ...spatial] = shape
  return spatial.length === 2 ? [batch, ...spatial, channels] : shape
}

/** The tensor that will hold the value `name`. */
export function declareValue({ file, names, shapes, tensors }: Lowering, name: string): number {
  const index = file.value(names.get(name) ?? name, channelsLast(shapes[name] as readonly number[]))
  tensors.set(name, index)
  return index
}

export function unsupported(model: Model, what: string): MobileOneError {
  return new MobileOneError('unsupported', `cannot write model "${model.name}" as .tflite: ${what}`)
}
