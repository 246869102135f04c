import { MobileOneError } from '@mobileone/core'
import { isCached as hasWeights, openDefaultCache, type WeightCache } from '@mobileone/hub'
import { isModel, type LoadOptions, loadDeployModel, type ModelSource, weightsAt } from './load.ts'
import { withFraction } from './loading-progress.ts'

/**
 * Put a model into the cache, folded too, so that `createClassifier` with the same options needs no network later: on a start page, in
 * an installer. Progress is as that of `createClassifier`, and ends with `ready`.
 * @throws MobileOneError as `loadDeployModel`; `unavailable` where it could not be kept, because there is no cache or it is full.
 */
export async function preload(source: ModelSource, options: LoadOptions = {}): Promise<void> {
  const onProgress = withFraction(options.onProgress)
  await loadDeployModel(source, { ...options, onProgress })
  if (!(await isCached(source, options))) {
    throw new MobileOneError(
      'unavailable',
      `preload: ${String(source)} was loaded but not kept: there is no cache here, or it is full; onWarning tells which`,
    )
  }
  onProgress?.({ phase: 'ready', done: 1, total: 1 })
}

/**
 * Whether loading `source` needs no download: it is a model or bytes, a file that exists, or its weights are in the cache. Asks no
 * server.
 * @throws MobileOneError `invalid-argument` for what is no source.
 */
export async function isCached(source: ModelSource, options: LoadOptions = {}): Promise<boolean> {
  return isModel(source) || hasWeights(weightsAt(source, options), options)
}

/**
 * Remove every cached model, folded forms and unfinished downloads too, of all pages of this origin or all programs of this user.
 * @throws MobileOneError `unavailable` where there is no cache.
 */
export async function clearCache({ cache }: { readonly cache?: WeightCache } = {}): Promise<void> {
  await (cache ?? (await openDefaultCache())).clear()
}
