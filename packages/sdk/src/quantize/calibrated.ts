import { wasm } from '@mobileone/backend-wasm'
import {
  type Backend,
  isMobileOneError,
  MobileOneError,
  type Model,
  type Preprocess,
  type Quantized,
  quantize,
  type Tensors,
  throwIfAborted,
  withBatch,
} from '@mobileone/core'
import { type ImageSource, type ImageSources, type PreprocessOptions, preprocess } from '@mobileone/vision'
import { onlyInput } from '../assumed-card.ts'
import type { CalibrationOptions } from './options.ts'

/** The readable photographs on which steps are set where the options do not say. */
const usualCount = 16
/** Further ones that the result is compared on. */
const mostHeldOut = 32

/** What belongs to one picture: the next one may be well. */
const ofPictures: readonly string[] = ['invalid-file', 'invalid-input', 'network', 'unsupported']

/** How photographs become inputs, and where the network runs. */
interface Preparation {
  readonly rule: Preprocess
  readonly decoding: PreprocessOptions
  readonly backend: Backend | undefined
}

/**
 * `quantize` of core with photographs for samples: the first readable ones set the steps, further ones are held out to compare on.
 * Without photographs weights only. Runs on wasm where no backend is given.
 */
export async function quantizeOn(
  model: Model,
  photographs: ImageSources | undefined,
  { count = usualCount, activations, floatShare, onSkipped, onProgress, signal }: CalibrationOptions,
  { rule, decoding, backend = wasm() }: Preparation,
): Promise<Quantized> {
  if (!(Number.isInteger(count) && count >= 1)) {
    throw new MobileOneError(
      'invalid-argument',
      `quantize: count must be a whole number of photographs, not ${count}`,
    )
  }
  const options = {
    backend,
    ...(activations !== undefined && { activations }),
    ...(floatShare !== undefined && { floatShare }),
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  }
  if (!photographs) return quantize(model, options)
  const [name, { shape }] = onlyInput(model)
  const [batch = 1] = shape
  const single = batch === 1 ? model : withBatch(model, 1)
  let index = 0
  const prepared = async (source: ImageSource): Promise<Tensors | undefined> => {
    const place = index++
    throwIfAborted(signal, 'quantising')
    try {
      return { [name]: await preprocess(source, rule, { ...decoding, ...(signal && { signal }) }) }
    } catch (error) {
      if (!isMobileOneError(error) || !ofPictures.includes(error.code)) throw error
      if (!onSkipped) {
        throw new MobileOneError(error.code, `quantize: photograph ${place}: ${error.message}`, {
          cause: error,
        })
      }
      onSkipped(error as MobileOneError, place)
      return undefined
    }
  }
  async function* readable(): AsyncGenerator<Tensors, void, undefined> {
    for await (const source of photographs as ImageSources) {
      const inputs = await prepared(source)
      if (inputs) yield inputs
    }
  }
  const inputs = readable()
  try {
    const samples: Tensors[] = []
    let further = await inputs.next()
    while (!further.done && samples.length < count) {
      onProgress?.({ phase: 'photographs', done: samples.length, total: count })
      samples.push(further.value)
      further = await inputs.next()
    }
    if (samples.length === 0) {
      throw new MobileOneError(
        index === 0 ? 'invalid-argument' : 'invalid-file',
        index === 0
          ? 'quantize: there are no photographs; give some, or leave them out for weights only'
          : `quantize: none of the ${index} photographs can be read`,
      )
    }
    async function* heldOut(): AsyncGenerator<Tensors, void, undefined> {
      for (let left = mostHeldOut; !further.done && left > 0; left--) {
        yield further.value
        further = await inputs.next()
      }
    }
    const { model: made, report } = await quantize(single, {
      ...options,
      samples,
      ...(!further.done && { heldOut: heldOut() }),
    })
    return { model: batch === 1 ? made : withBatch(made, batch), report }
  } finally {
    await inputs.return()
  }
}
