import { isMobileOneError, MobileOneError, throwIfAborted } from '@mobileone/core'
import type { CachedWeights, CacheEntry, WeightCache } from './cache.ts'
import { dropDerived } from './derive.ts'
import { downloadFile } from './download-file.ts'
import type { Downloaded, DownloadRequest } from './download-request.ts'
import { hashFile } from './hash-file.ts'
import { hubEndpoint, parseEndpoint } from './hub-file.ts'
import { checkSha256, parsePin } from './integrity.ts'
import { checkSize, type Limits, parseLimits } from './limits.ts'
import { loadPlatform } from './load-platform.ts'
import type { FetchedWeights, FetchWeightsOptions, WeightSource } from './options.ts'
import type { Platform } from './platform.ts'
import { readLocal } from './read-local.ts'
import { placeOf, type ResolvedSource, resolveSource } from './resolve-source.ts'
import { type SharedCallbacks, SharedDownloads } from './share-downloads.ts'

type Found = Omit<FetchedWeights, 'source'>
type UrlSource = Extract<ResolvedSource, { kind: 'url' }>

/** What a call to `fetchWeights` asks for, with every default filled in. */
interface Settings {
  readonly platform: Platform
  readonly cache: WeightCache | undefined
  readonly pin: string | undefined
  readonly offline: boolean
  readonly refresh: boolean | undefined
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
  // What an extension brings along is on this machine, and the Cache API takes none of it.
  const isRemote = /^https?:$/.test(resolved.url.protocol)
  const offline = options.offline ?? /^(1|true|yes)$/i.test(platform.env('MOBILEONE_OFFLINE') ?? '')
  const settings: Settings = {
    platform,
    cache: isRemote ? chooseCache(options, platform, onWarning) : undefined,
    pin,
    offline: isRemote && offline,
    refresh: options.refresh,
    hubOrigin: endpoint.origin,
    token: parseToken(options.token, platform),
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
    source: placeOf(resolved.url),
  }
}

/** The cached file, or the downloaded one put into the cache. */
async function obtain(source: UrlSource, settings: Settings, callbacks: SharedCallbacks): Promise<Found> {
  const { cache, offline, refresh, pin, limits } = settings
  const key = source.url.href
  const cached = cache && (await readCache(cache, key, source.label, settings, callbacks))
  const isFile = cached !== undefined && (pin === undefined || pin === cached.entry.sha256)
  if (cache && cached && isFile && (offline || !mustAsk(source, cached, settings)))
    return fromCache(cached, cache, source, limits)
  const mayServe = refresh === undefined
  if (offline) {
    if (cached) checkSha256(`the cached ${source.label}`, 'the one asked for is', pin, cached.entry.sha256)
    throw new MobileOneError(
      'unavailable',
      `${source.label} is not in the cache (${cache?.name ?? 'there is none'}), and offline mode forbids downloading it; ` +
        `run \`npx @mobileone/cli pull ${source.hub ? source.label : key}\` while online`,
    )
  }

  const request: DownloadRequest = {
    url: source.url,
    label: source.label,
    hint: source.hub
      ? 'check the id, revision and file name; for a private or gated repository pass a token or set HF_TOKEN'
      : 'check the address',
    key,
    pin,
    partials: cache?.partials && { where: cache.name, store: cache.partials },
    current:
      cached && isFile
        ? { validator: cached.entry.validator, sha256: cached.entry.sha256, mayServe }
        : undefined,
    hubOrigin: settings.hubOrigin,
    token: settings.token,
    fetch: settings.fetch,
    bypassHttpCache: cache !== undefined,
    platform: settings.platform,
    ...limits,
    ...callbacks,
  }
  let answer: Downloaded | 'current'
  try {
    answer = await downloadFile(request)
  } catch (error) {
    callbacks.signal.throwIfAborted()
    if (!cache || !cached || !isFile || !mayServe || !isMobileOneError(error)) throw error
    callbacks.onWarning(
      `cannot tell whether ${source.label} has changed, so the copy of ${cached.entry.savedAt} in the cache is used (${error.message})`,
    )
    return fromCache(cached, cache, source, limits)
  }
  if (cache && cached && answer === 'current') return fromCache(cached, cache, source, limits)
  if (answer === 'current') throw new Error('nothing was cached')
  const { bytes, sha256, validator } = answer
  const savedAt = new Date().toISOString()
  const entry: CacheEntry = {
    key,
    sha256,
    size: bytes.length,
    savedAt,
    ...(validator !== undefined && { validator }),
  }
  let isKept = false
  try {
    await cache?.put(entry, bytes)
    isKept = cache !== undefined
  } catch (error) {
    callbacks.onWarning(
      `${source.label} was downloaded but not kept in ${cache?.name} (${(error as Error).message}); the next call downloads it again`,
    )
  }
  if (cache && isKept && cached && cached.entry.sha256 !== sha256)
    await dropDerived(cache, cached.entry.sha256)
  return { bytes, sha256, fromCache: false, cached: isKept && cache ? { cache, key } : undefined }
}

/**
 * Whether the cached copy is used only after the server was asked: where the caller says so, and else where nothing but the
 * address tells what the file is and the server named a version to ask about.
 */
function mustAsk({ hub, url }: UrlSource, { entry }: CachedWeights, { pin, refresh }: Settings): boolean {
  if (refresh !== undefined) return refresh
  const isCommit = hub !== undefined && /^[0-9a-f]{40}$/.test(hub.revision)
  const namesContent = url.href.toLowerCase().includes(entry.sha256)
  return pin === undefined && !isCommit && !namesContent && entry.validator !== undefined
}

/** @throws MobileOneError `invalid-argument` that does not show the token. */
function parseToken(given: string | undefined, platform: Platform): string | undefined {
  const token = (given ?? platform.env('HF_TOKEN'))?.trim()
  if (token === undefined || token === '') return undefined
  const at = token.search(/[^\x21-\x7e]/)
  if (at === -1) return token
  throw new MobileOneError(
    'invalid-argument',
    `${given === undefined ? 'HF_TOKEN' : 'the token'} has a character that cannot be in a token, number ${at + 1} of ${token.length} ` +
      '(a space or a line break?); copy it again from the hub',
  )
}

/** The cached entry, hashed again: a damaged one is dropped. Throws only where it is aborted. */
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
    const sha256 = await hashFile(bytes, `the cached ${label}`, settings.platform, callbacks)
    if (sha256 === entry.sha256) {
      callbacks.onProgress({ phase: 'read', done: bytes.length, total: bytes.length })
      return cached
    }
    callbacks.onWarning(`the cached ${label} in ${cache.name} is damaged; it is dropped and downloaded again`)
    await cache.delete(key)
  } catch (error) {
    callbacks.signal.throwIfAborted()
    callbacks.onWarning(
      `cannot read ${label} from ${cache.name} (${(error as Error).message}); going on without it`,
    )
  }
  return undefined
}

/** @throws MobileOneError `invalid-file` where the file is larger than the call allows; it stays in the cache. */
function fromCache(
  { bytes, entry }: CachedWeights,
  cache: WeightCache,
  { label }: UrlSource,
  { maxBytes }: Limits,
): Found {
  checkSize(label, bytes.length, maxBytes)
  return { bytes, sha256: entry.sha256, fromCache: true, cached: { cache, key: entry.key } }
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
    refresh ?? null,
    token,
    hubOrigin,
    limits.maxBytes,
  ])
}
