import { hasInt8Weights, MobileOneError, type Model, type QuantizedTensor } from '@mobileone/core'
import { roundToFloat16 } from '@mobileone/core/half'
import type { WritableTensor } from '../safetensors/write.ts'
import { formKey, type Levels, layoutVersion, partEndings, versionKey } from './layout.ts'

/**
 * The tensors of a file of `model` in int8, see `layout.ts`: nothing is rounded. Other weights of two axes or more are F16 where that
 * is exact, as `quantize` leaves them, vectors F32.
 * @throws MobileOneError `invalid-argument` for a model without weights in int8, or whose names are those of parts.
 */
export function int8Tensors(model: Model): Map<string, WritableTensor> {
  if (!hasInt8Weights(model)) {
    throw new MobileOneError(
      'invalid-argument',
      `storage int8 is for the int8 form, and "${model.name}" has no weight in int8; quantize it first, or take float16`,
    )
  }
  const tensors = new Map<string, WritableTensor>()
  const set = (key: string, tensor: WritableTensor): void => {
    if (tensors.has(key)) {
      throw new MobileOneError(
        'invalid-argument',
        `the file would have two tensors ${JSON.stringify(key)}, a weight of "${model.name}" and a part of one in int8; rename the weight`,
      )
    }
    tensors.set(key, tensor)
  }
  for (const [name, weight] of Object.entries(model.weights)) {
    if (weight.dtype === 'float32') {
      const { shape, data } = weight
      set(name, shape.length > 1 ? inHalves(shape, data) : { dtype: 'F32', shape, data })
    } else for (const [key, tensor] of split(name, weight)) set(key, tensor)
  }
  return tensors
}

/** What the metadata say of the file. */
export function int8Metadata({ weights }: Model): Record<string, string> {
  const hasInputs = Object.values(weights).some((weight) => weight.dtype === 'int8' && weight.inputSteps)
  return { [formKey]: hasInputs ? 'w8a7' : 'w8', [versionKey]: layoutVersion }
}

function* split(name: string, weight: QuantizedTensor): Generator<[string, WritableTensor]> {
  yield [name, { dtype: 'I8', shape: weight.shape, data: weight.data }]
  for (const [role, ending] of Object.entries(partEndings)) {
    const data = weight[role as keyof Levels]
    if (!data) continue
    const shape = [data.length]
    yield [name + ending, data instanceof Int8Array ? { dtype: 'I8', shape, data } : inHalves(shape, data)]
  }
}

/** F16 where that is exact. */
function inHalves(shape: readonly number[], data: Float32Array): WritableTensor {
  return { dtype: sameBits(roundToFloat16(data.slice()), data) ? 'F16' : 'F32', shape, data }
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  const [left, right] = [bitsOf(a), bitsOf(b)]
  return left.every((word, index) => word === right[index])
}

function bitsOf({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length)
}
