import { wasm } from '@mobileone/backend-wasm'
import { elementCount, type Model, quantize, random, type Tensors, tensor } from '@mobileone/core'

const noiseSamples = 4

/**
 * The int8 form of `model`, calibrated on `samples`, values of its input; on noise without them, which is as fast.
 * @throws MobileOneError what `quantize` throws.
 */
export async function int8Form(
  model: Model,
  {
    samples,
    signal,
  }: {
    readonly samples?: readonly Float32Array[] | undefined
    readonly signal?: AbortSignal | undefined
  } = {},
): Promise<Model> {
  const [[name, { shape }] = ['', { shape: [] }]] = Object.entries(model.inputs)
  const values = samples ?? noise(elementCount(shape))
  const inputs: Tensors[] = values.map((value) => ({ [name]: tensor(shape, value) }))
  return (await quantize(model, { samples: inputs, backend: wasm(), ...(signal && { signal }) })).model
}

function noise(length: number): Float32Array[] {
  const source = random(1)
  return Array.from({ length: noiseSamples }, () => Float32Array.from({ length }, () => source.normal()))
}
