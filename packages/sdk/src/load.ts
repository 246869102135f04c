import { type ModelFromCheckpointOptions, modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { type Model, type ModelCard, reparameterizeAsync, type Variant, withCard } from '@mobileone/core'
import { type FetchWeightsOptions, fetchWeights, knownSources, type WeightSource } from '@mobileone/hub'

/**
 * Where a model comes from: a Model, one of the published variants (`s0` … `s4`, fetched from the hub), or weights: a hub
 * id, a URL, a file path (Node), a File or Blob, or bytes. safetensors and PyTorch files, fused or not, in Apple's, timm's
 * or mmpretrain's naming.
 */
export type ModelSource = Model | Variant | WeightSource

export interface LoadOptions extends FetchWeightsOptions, ModelFromCheckpointOptions {}

/** The licence of the published weights, which is not that of this software. */
const publishedLicence = 'Apple sample code licence: https://github.com/apple/ml-mobileone/blob/main/LICENSE'

/**
 * The model at `source` in the form its weights have; see {@link loadDeployModel} for the form that runs.
 * @throws MobileOneError `network`, `integrity`, `invalid-file`, `missing-weights`, `aborted`.
 */
export async function loadModel(source: ModelSource, options: LoadOptions = {}): Promise<Model> {
  if (isModel(source)) return source
  const variant =
    typeof source === 'string' && Object.hasOwn(knownSources, source)
      ? knownSources[source as Variant]
      : undefined
  const { bytes, source: origin } = await fetchWeights(variant?.hub ?? (source as WeightSource), options)
  const model = modelFromCheckpoint(readCheckpoint(bytes), options)
  const card: ModelCard = { source: origin, ...(variant && { licence: publishedLicence }) }
  return withCard(model, { ...card, ...model.card })
}

/** The model at `source`, folded into the plain CNN that backends run. */
export async function loadDeployModel(source: ModelSource, options: LoadOptions = {}): Promise<Model> {
  const model = await loadModel(source, options)
  const { signal, onProgress } = options
  return reparameterizeAsync(model, { ...(signal && { signal }), ...(onProgress && { onProgress }) })
}

function isModel(source: ModelSource): source is Model {
  return typeof source === 'object' && 'nodes' in source && 'weights' in source
}
