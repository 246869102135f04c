import type { WeightCache } from './cache.ts'
import { hashFile } from './hash-file.ts'
import { loadPlatform } from './load-platform.ts'
import type { FetchedWeights } from './options.ts'

/** Entries made from other files are kept under addresses that no server can have (RFC 2606). */
const derivedOrigin = 'https://derived.invalid'

const folderOf = (sha256: string): string => `${derivedOrigin}/${sha256}/`

/** How what is made of cached weights is told apart and kept. */
export interface DeriveOptions {
  /** What the result depends on beside the file: the version of the software, options. Another recipe is another result. */
  readonly recipe: string
  readonly signal?: AbortSignal | undefined
  /** Default: `console.warn`. */
  readonly onWarning?: ((message: string) => void) | undefined
}

/**
 * What long work made of a fetched file, from the same cache: `make` is called where it is not there yet, and what `parse` makes of
 * its bytes comes back. Bytes are hashed when they are read; where the hash is wrong or `parse` throws, the entry is dropped and made
 * again. Results of other recipes of the same file go when a new one is kept, all of them when
 * the file is replaced. Without a cache `make` is all that happens.
 * @throws MobileOneError `aborted`, and whatever `make` throws. A cache that fails is a warning.
 */
export async function derive<T>(
  file: Pick<FetchedWeights, 'sha256' | 'cached'>,
  options: DeriveOptions,
  parse: (bytes: Uint8Array) => T | Promise<T>,
  make: () => Promise<{ readonly value: T; readonly toBytes: (() => Uint8Array) | undefined }>,
): Promise<T> {
  if (!file.cached) return (await make()).value
  const { cache } = file.cached
  const platform = await loadPlatform()
  const warn = options.onWarning ?? ((message: string) => console.warn(`mobileone: ${message}`))
  const folder = folderOf(file.sha256)
  const key = folder + encodeURIComponent(options.recipe)
  const hash = (bytes: Uint8Array): Promise<string> => hashFile(bytes, 'the cache', platform, options)

  try {
    const found = await cache.get(key)
    if (found) {
      if ((await hash(found.bytes)) === found.entry.sha256) {
        try {
          return await parse(found.bytes)
        } catch {}
      }
      warn(`what ${cache.name} keeps of ${file.cached.key} is damaged; it is dropped and made again`)
      await cache.delete(key)
    }
  } catch (error) {
    if (options.signal?.aborted) throw error
    warn(`cannot read from ${cache.name} (${(error as Error).message}); going on without it`)
  }

  const { value, toBytes } = await make()
  if (!toBytes) return value
  const bytes = toBytes()
  const sha256 = await hash(bytes)
  try {
    for (const entry of await cache.list()) {
      if (entry.key.startsWith(folder) && entry.key !== key) await cache.delete(entry.key)
    }
    await cache.put({ key, sha256, size: bytes.length, savedAt: new Date().toISOString() }, bytes)
  } catch (error) {
    warn(`cannot keep what was made of ${file.cached.key} in ${cache.name} (${(error as Error).message})`)
  }
  return value
}

/** Drop what was made of a file, unless an address in the cache has it still. A cache that fails keeps it. */
export async function dropDerived(cache: WeightCache, sha256: string): Promise<void> {
  try {
    const entries = await cache.list()
    if (entries.some((entry) => entry.sha256 === sha256)) return
    for (const { key } of entries) if (key.startsWith(folderOf(sha256))) await cache.delete(key)
  } catch {}
}
