import { hasInt8Weights, MobileOneError, type Model } from '@mobileone/core'
import { int8Metadata, int8Tensors } from './int8/split-levels.ts'
import { toMetadata } from './metadata.ts'
import { writeSafetensors } from './safetensors/write.ts'
import type { ToSafetensorsOptions } from './safetensors-options.ts'
import { graphMetadata } from './stored-graph.ts'
import { toFloatSafetensors } from './to-float-safetensors.ts'

export type { ToSafetensorsOptions } from './safetensors-options.ts'

/**
 * The bytes of a safetensors file with the weights and the card of `model`, train, deploy or int8 form. Same model, same bytes.
 * @throws MobileOneError `unsupported` for a weight the naming has no key for, `invalid-argument` for a value beyond float16, for a graph
 * or int8 under another naming, and for int8 of a model that is not quantised.
 */
export function toSafetensors(model: Model, options: ToSafetensorsOptions = {}): Uint8Array {
  const { storage = hasInt8Weights(model) ? 'int8' : 'float32' } = options
  if (storage !== 'int8') return toFloatSafetensors(model, { ...options, storage })
  if ((options.naming ?? 'canonical') !== 'canonical') {
    throw new MobileOneError(
      'invalid-argument',
      `storage int8 has no names of ${options.naming}, whose program cannot read it; leave out naming, or take storage float32`,
    )
  }
  return writeSafetensors(int8Tensors(model), {
    ...options.metadata,
    ...toMetadata(model),
    ...((options.graph ?? model.config === undefined) && graphMetadata(model)),
    ...int8Metadata(model),
  })
}
