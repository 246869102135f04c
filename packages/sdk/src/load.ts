import {
  type Checkpoint,
  holdsMobileOne,
  type ModelFromCheckpointOptions,
  modelFromCheckpoint,
  type NetworkLibrary,
  type ReadAsyncOptions,
  readCheckpointAsync,
  toFloatSafetensors,
} from '@mobileone/checkpoint/lazy'
import {
  MobileOneError,
  type Model,
  type ModelCard,
  reparameterizeAsync,
  type Variant,
  withCard,
} from '@mobileone/core'
import {
  derive,
  type FetchedWeights,
  type FetchWeightsOptions,
  fetchWeights,
  knownSources,
  parseFetched,
  type WeightSource,
} from '@mobileone/hub'
import manifest from '../package.json' with { type: 'json' }
import { variantOf } from './variant-name.ts'

/**
 * Where a model comes from: a Model, one of the published variants (`s0` … `s4`, also `S0` or `mobileone_s0`, fetched from the hub), or weights: a hub
 * id, a URL, a file path (Node), a File or Blob, or bytes. safetensors and PyTorch files, fused or not, in Apple's, timm's
 * or mmpretrain's naming. With `networks`, also the names that they know.
 */
export type ModelSource = Model | Variant | WeightSource

/** How weights are fetched, read and kept. */
export interface LoadOptions extends Omit<FetchWeightsOptions, 'hash'>, ModelFromCheckpointOptions {
  /** Networks beside the MobileOnes, whose names and weights are then taken too: `zooNetworks()` of `@mobileone/zoo`. */
  readonly networks?: NetworkLibrary | undefined
  /**
   * Keep the folded form of downloaded weights beside them in the cache, so that the next start does not fold again. Default true.
   * `cache: false` keeps neither.
   */
  readonly cacheFolded?: boolean | undefined
  /**
   * What the folded form is kept in. `float16` halves it and rounds its weights to nearest, on every start and without a cache, too:
   * the answers are those of the rounded weights. Default `float32`.
   */
  readonly storage?: 'float32' | 'float16' | undefined
}

/** The licence of the published weights, which is not that of this software. */
const publishedLicence = 'Apple sample code licence: https://github.com/apple/ml-mobileone/blob/main/LICENSE'

/**
 * The model at `source` in the form its weights have; see {@link loadDeployModel} for the form that runs.
 * @throws MobileOneError `network`, `integrity`, `invalid-file`, `missing-weights`, `aborted`.
 */
export async function loadModel(given: ModelSource, options: LoadOptions = {}): Promise<Model> {
  const source = variantOf(given) ?? given
  if (isModel(source)) return source
  const fetched = await fetchFrom(source, options)
  const checkpoint = await parseFetched(fetched, (bytes) => readCheckpointAsync(bytes))
  return described(read(checkpoint, source, options), source, fetched)
}

/**
 * The model at `source`, folded into the plain CNN that backends run. What was folded once of downloaded weights comes from the
 * cache, see {@link LoadOptions.cacheFolded}.
 */
export function loadDeployModel(given: ModelSource, options: LoadOptions = {}): Promise<Model> {
  return loadToRun(given, options)
}

/** As {@link loadDeployModel}; `onInt8` as `readCheckpointAsync` has it. */
export async function loadToRun(
  given: ModelSource,
  options: LoadOptions,
  onInt8?: ReadAsyncOptions['onInt8'],
): Promise<Model> {
  const parse = (bytes: Uint8Array): Promise<Checkpoint> => readCheckpointAsync(bytes, { onInt8 })
  const source = variantOf(given) ?? given
  const { signal, onProgress } = options
  const folding = { ...(signal && { signal }), ...(onProgress && { onProgress }) }
  const stored = await storing(options.storage)
  if (isModel(source)) return stored(await reparameterizeAsync(source, folding))
  const fetched = await fetchFrom(source, options)
  const isKept = options.cacheFolded !== false && options.card === undefined
  const { prefix: _, ...withoutPrefix } = options
  const model = await derive(
    { sha256: fetched.sha256, cached: isKept ? fetched.cached : undefined },
    { recipe: foldRecipe(options), signal, onWarning: options.onWarning },
    async (bytes) => modelFromCheckpoint(await parse(bytes), checkpointOptions(withoutPrefix)),
    async () => {
      const checkpoint = await parseFetched(fetched, parse)
      const loaded = read(checkpoint, source, options)
      const value = stored(await reparameterizeAsync(loaded, folding))
      const isTrainForm = loaded.nodes.some(({ op }) => op === 'batchNorm')
      const { storage = 'float32' } = options
      return { value, toBytes: isTrainForm ? () => toFloatSafetensors(value, { storage }) : undefined }
    },
  )
  return described(model, source, fetched)
}

/** Raise it with every change to reading or folding weights after which the same bytes give another model. */
const foldRevision = 1

/** What a folded model depends on beside the bytes of the weights. */
function foldRecipe({ name, size, strides, outputs, prefix, storage, networks }: LoadOptions): string {
  const software = `${manifest.version}-${foldRevision}`
  const half = storage === 'float16' ? { storage } : {}
  return `folded ${JSON.stringify({ software, name, size, strides, outputs, prefix, ...half, networks: networks?.id })}`
}

/** What `storage` makes of a folded model. */
async function storing(storage: LoadOptions['storage'] = 'float32'): Promise<(model: Model) => Model> {
  switch (storage) {
    case 'float32':
      return (model) => model
    case 'float16':
      return (await import('./float16-storage.ts')).roundedToFloat16
    default:
      storage satisfies never
      throw new MobileOneError(
        'invalid-argument',
        `storage must be 'float32' or 'float16', not ${JSON.stringify(storage)}`,
      )
  }
}

function fetchFrom(source: Variant | WeightSource, options: LoadOptions): Promise<FetchedWeights> {
  return fetchWeights(weightsAt(source, options), { ...options, hash: false })
}

/** The published weights of a variant, or of a name that `networks` knows; any other source as it is. */
export function weightsAt(given: Variant | WeightSource, { networks }: LoadOptions): WeightSource {
  const source = variantOf(given) ?? given
  if (typeof source !== 'string') return source
  const isVariant = Object.hasOwn(knownSources, source)
  return isVariant ? knownSources[source as Variant].hub : (networks?.weightsOf(source) ?? source)
}

function read(checkpoint: Checkpoint, source: ModelSource, options: LoadOptions): Model {
  const { networks, prefix } = options
  const given = checkpointOptions(options)
  if (!networks || holdsMobileOne(checkpoint, prefix)) return modelFromCheckpoint(checkpoint, given)
  const isName = typeof source === 'string' && networks.weightsOf(source) !== undefined
  return isName ? networks.read(checkpoint, given, source) : networks.read(checkpoint, given)
}

function described(model: Model, source: ModelSource, fetched: FetchedWeights): Model {
  const isPublished = typeof source === 'string' && Object.hasOwn(knownSources, source)
  const card: ModelCard = { source: fetched.source, ...(isPublished && { licence: publishedLicence }) }
  return withCard(model, { ...card, ...model.card })
}

/** Warnings of reading reach the same ear as those of fetching. */
function checkpointOptions(options: LoadOptions): ModelFromCheckpointOptions {
  const onWarning = options.onWarning ?? ((message: string) => console.warn(`mobileone: ${message}`))
  return { ...options, onWarning }
}

export function isModel(source: ModelSource): source is Model {
  return typeof source === 'object' && source !== null && 'nodes' in source && 'weights' in source
}
