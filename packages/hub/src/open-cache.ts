import { MobileOneError } from '@mobileone/core'
import { cacheStorageCache } from './browser/cache-storage.ts'
import type { WeightCache } from './cache.ts'
import { loadPlatform } from './load-platform.ts'

/**
 * The cache `fetchWeights` uses when it is given none. In Node a directory: MOBILEONE_CACHE, else `mobileone` in
 * XDG_CACHE_HOME or the platform's cache directory. In browsers the Cache API.
 * @throws MobileOneError `unavailable` when there can be none here, with the reason.
 */
export async function openDefaultCache(): Promise<WeightCache> {
  const found = (await loadPlatform()).defaultCache()
  if ('cache' in found) return found.cache
  throw new MobileOneError('unavailable', `no cache for weights: ${found.reason}`)
}

/**
 * A cache in a directory, which is made when something is first put into it. Node only.
 * @throws MobileOneError `unsupported` elsewhere.
 */
export async function openDiskCache(directory: string): Promise<WeightCache> {
  const platform = await loadPlatform()
  if (platform.name !== 'node') {
    throw new MobileOneError('unsupported', 'a cache on disk needs Node; use openCacheStorage in browsers')
  }
  return (await import('./node/disk-cache.ts')).diskCache(directory)
}

/** A cache in the browser's Cache API, under the given name. It throws on use where there is no Cache API. */
export function openCacheStorage(name?: string): WeightCache {
  return cacheStorageCache(name)
}
