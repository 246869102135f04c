import { hubEndpoint, parseEndpoint } from './hub-file.ts'
import { parsePin } from './integrity.ts'
import { loadPlatform } from './load-platform.ts'
import type { FetchWeightsOptions, WeightSource } from './options.ts'
import { resolveSource } from './resolve-source.ts'

/**
 * Whether `fetchWeights` has `source` without downloading it: bytes, a file that exists, or an address whose file is in the cache (the
 * pinned one, where one is pinned). Asks no server, so a cached file may turn out to have been replaced.
 * @throws MobileOneError `invalid-argument` for what is no source of weights. A cache that fails has nothing.
 */
export async function isCached(
  source: WeightSource,
  options: Pick<FetchWeightsOptions, 'cache' | 'endpoint' | 'sha256' | 'integrity'> = {},
): Promise<boolean> {
  const pin = parsePin(options)
  const platform = await loadPlatform()
  const endpoint = parseEndpoint(options.endpoint ?? platform.env('HF_ENDPOINT') ?? hubEndpoint)
  const resolved = await resolveSource(source, endpoint, platform)
  if (resolved.kind === 'file') return platform.isFile(resolved.path)
  if (resolved.kind !== 'url') return true
  if (options.cache === false) return false
  const found = options.cache ? { cache: options.cache } : platform.defaultCache()
  if (!('cache' in found)) return false
  try {
    const entry = (await found.cache.list()).find(({ key }) => key === resolved.url.href)
    return entry !== undefined && (pin === undefined || pin === entry.sha256)
  } catch {
    return false
  }
}
