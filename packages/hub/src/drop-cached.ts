import { isMobileOneError, MobileOneError } from '@mobileone/core'
import type { FetchedWeights } from './options.ts'

/**
 * Drop a fetched file from the cache: call it where the bytes turn out not to be what the caller can read, so that the next call
 * downloads them again. Returns whether there was something to drop. Never throws.
 */
export async function dropCached({
  cached,
  sha256,
}: Pick<FetchedWeights, 'sha256' | 'cached'>): Promise<boolean> {
  if (!cached) return false
  try {
    const entry = (await cached.cache.list()).find(({ key }) => key === cached.key)
    return entry?.sha256 === sha256 && (await cached.cache.delete(cached.key))
  } catch {
    return false
  }
}

/**
 * What `parse` makes of a fetched file. Where it refuses the bytes as `invalid-file` the file leaves the cache, and the error says so
 * and names where the file came from.
 * @throws MobileOneError `invalid-file` of a file that was cached; otherwise what `parse` throws.
 */
export async function parseFetched<T>(
  fetched: FetchedWeights,
  parse: (bytes: Uint8Array) => T | Promise<T>,
): Promise<T> {
  try {
    return await parse(fetched.bytes)
  } catch (error) {
    if (!isMobileOneError(error) || error.code !== 'invalid-file' || !(await dropCached(fetched))) throw error
    throw new MobileOneError(
      'invalid-file',
      `${fetched.source}: ${error.message}. It was dropped from the cache; the next call downloads it again`,
      { cause: error },
    )
  }
}
