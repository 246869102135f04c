import { MobileOneError, throwIfAborted } from '@mobileone/core'
import type { CachedWeights, CacheEntry, WeightCache } from './cache.ts'
import { downloadFile } from './download-file.ts'
import { hubEndpoint, parseEndpoint } from './hub-file.ts'
import { checkSha256, parsePin } from './integrity.ts'
import { type Limits, parseLimits } from './limits.ts'
import { loadPlatform } from './load-platform.ts'
import type { FetchedWeights, FetchWeightsOptions, WeightSource } from './options.ts'
import type { Platform } from './platform.ts'
import { readLocal } from './read-local.ts'
import { type ResolvedSource, resolveSource } from './resolve-source.ts'
import { type SharedCallbacks, SharedDownloads } from './share-downloads.ts'

type Found = Omit<FetchedWeights, 'source'>
type UrlSource = Extract<ResolvedSource, { kind: 'url' }>

/** What a call to `fetchWeights` asks for, with every default filled in. */
interface Settings {
  readonly platform: Platform
  readonly cache: WeightCache | undefined
  readonly pin: string | undefined
  readonly offline: boolean
  readonly refresh: boolean
  readonly hubOrigin: string
  readonly token: string | undefined
  readonly fetch: typeof globalThis.fetch
  readonly limits: Limits
}

const sharedByFetch = new WeakMap<typeof globalThis.fetch, SharedDownloads<Found>>()

/**
 * Get the bytes of a weights file and their sha-256: from the cache, a file, or the network, resuming and retrying as
 * `options` say. Calls for the same file at the same time share one download.
 * @throws MobileOneError `invalid-argument` (source or option), `network`, `integrity` (not the pinned file),
 * `invalid-file` (a web page, empty or too large), `unavailable` (offline and not cached), `aborted`.
 */
export async function fetchWeights(
  source: WeightSource,
  options: FetchWeightsOptions = {},
): Promise<FetchedWeights> {
  const pin = parsePin(options)
  const limits = parseLimits(options)
  throwIfAborted(options.signal, 'fetching weights')
  const platform = await loadPlatform()
  const endpoint = parseEndpoint(options.endpoint ?? platform.env('HF_ENDPOINT') ?? hubEndpoint)
  const resolved = await resolveSource(source, endpoint, platform)
  if (resolved.kind !== 'url')
    return readLocal(resolved, { options, pin, platform, maxBytes: limits.maxBytes })

  const what = `fetching ${resolved.label}`
  throwIfAborted(options.signal, what)
  const onWarning = options.onWarning ?? ((message: string) => console.warn(`mobileone: ${message}`))
  const settings: Settings = {
    platform,
    cache: chooseCache(options, platform, onWarning),
    pin,
    offline: options.offline ?? /^(1|true|yes)$/i.test(platform.env('MOBILEONE_OFFLINE') ?? ''),
    refresh: options.refresh ?? false,
    hubOrigin: endpoint.origin,
    token: options.token ?? platform.env('HF_TOKEN'),
    fetch: options.fetch ?? globalThis.fetch,
    limits,
  }
  const caller = { what, signal: options.signal, onProgress: options.onProgress, onWarning }
  const { value, shared } = await sharedDownloads(settings.fetch).join(
    shareKey(resolved, settings),
    caller,
    (callbacks) => obtain(resolved, settings, callbacks),
  )
  return {
    ...value,
    bytes: shared ? value.bytes.slice() : value.bytes,
    source: `${resolved.url.origin}${resolved.url.pathname}`,
  }
}

/** The cached file, or the downloaded one put into the cache. */
async function obtain(source: UrlSource, settings: Settings, callbacks: SharedCallbacks): Promise<Found> {
  const { cache, offline, refresh, pin, limits } = settings
  const key = source.url.href
  const cached = cache && (await readCache(cache, key, source.label, settings, callbacks))
  const isFile = cached !== undefined && (pin === undefined || pin === cached.entry.sha256)
  if (cached && isFile && (offline || !refresh)) return fromCache(cached)
  if (offline) {
    if (cached) checkSha256(`the cached ${source.label}`, 'the one asked for is', pin, cached.entry.sha256)
    throw new MobileOneError(
      'unavailable',
      `${source.label} is not in the cache (${cache?.name ?? 'there is none'}), and offline mode forbids downloading it; ` +
        `run \`mobileone pull ${source.hub ? source.label : key}\` while online`,
    )
  }

  const answer = await downloadFile({
    url: source.url,
    label: source.label,
    hint: source.hub
      ? 'check the id, revision and file name; for a private or gated repository pass a token or set HF_TOKEN'
      : 'check the address',
    key,
    pin,
    partials: cache?.partials && { where: cache.name, store: cache.partials },
    current:
      cached && isFile ? { validator: cached.entry.validator, sha256: cached.entry.sha256 } : undefined,
    hubOrigin: settings.hubOrigin,
    token: settings.token,
    fetch: settings.fetch,
    bypassHttpCache: cache !== undefined,
    platform: settings.platform,
    ...limits,
    ...callbacks,
  })
  if (answer === 'current') return fromCache(cached as CachedWeights)
  const { bytes, sha256, validator } = answer
  const savedAt = new Date().toISOString()
  const entry: CacheEntry = {
    key,
    sha256,
    size: bytes.length,
    savedAt,
    ...(validator !== undefined && { validator }),
  }
  try {
    await cache?.put(entry, bytes)
  } catch (error) {
    callbacks.onWarning(
      `${source.label} was downloaded but not kept in ${cache?.name} (${(error as Error).message}); the next call downloads it again`,
    )
  }
  return { bytes, sha256, fromCache: false }
}

/** The cached entry, hashed again: a damaged one is dropped. Never throws. */
async function readCache(
  cache: WeightCache,
  key: string,
  label: string,
  settings: Settings,
  callbacks: SharedCallbacks,
): Promise<CachedWeights | undefined> {
  try {
    const cached = await cache.get(key)
    if (!cached) return undefined
    const { bytes, entry } = cached
    if (
      (await settings.platform.sha256(bytes)) === entry.sha256 &&
      bytes.length <= settings.limits.maxBytes
    ) {
      callbacks.onProgress({ phase: 'read', done: bytes.length, total: bytes.length })
      return cached
    }
    callbacks.onWarning(`the cached ${label} in ${cache.name} is damaged; it is dropped and downloaded again`)
    await cache.delete(key)
  } catch (error) {
    callbacks.onWarning(
      `cannot read ${label} from ${cache.name} (${(error as Error).message}); going on without it`,
    )
  }
  return undefined
}

function fromCache({ bytes, entry }: CachedWeights): Found {
  return { bytes, sha256: entry.sha256, fromCache: true }
}

function chooseCache(
  options: FetchWeightsOptions,
  platform: Platform,
  onWarning: (message: string) => void,
): WeightCache | undefined {
  if (options.cache === false) return undefined
  if (options.cache) return options.cache
  const found = platform.defaultCache()
  if ('cache' in found) return found.cache
  onWarning(`weights are not cached: ${found.reason}`)
  return undefined
}

function sharedDownloads(fetch: typeof globalThis.fetch): SharedDownloads<Found> {
  const shared = sharedByFetch.get(fetch) ?? new SharedDownloads<Found>()
  sharedByFetch.set(fetch, shared)
  return shared
}

/** Only calls that would do the same thing may share it. */
function shareKey(source: UrlSource, settings: Settings): string {
  const { cache, pin, offline, refresh, token, hubOrigin, limits } = settings
  return JSON.stringify([
    source.url.href,
    cache?.name,
    pin,
    offline,
    refresh,
    token,
    hubOrigin,
    limits.maxBytes,
  ])
}
