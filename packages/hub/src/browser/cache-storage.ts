import type {
  CachedWeights,
  CacheEntry,
  ClaimedPartial,
  PartialHeader,
  PartialStore,
  PartialWriter,
  WeightCache,
} from '../cache.ts'

const entryHeader = 'x-mobileone-entry'
const partialHeader = 'x-mobileone-partial'

/** Entries are responses stored under their own URL, with what is known about them as JSON in a header. */
export function cacheStorageCache(name = 'mobileone-weights-v1'): WeightCache {
  const open = (): Promise<Cache> => {
    if (typeof caches === 'undefined') throw new Error('this page has no Cache API: is it served over http?')
    return caches.open(name)
  }
  return {
    name,
    async get(key: string): Promise<CachedWeights | undefined> {
      const response = await (await open()).match(key)
      const entry = response && readHeader<CacheEntry>(response, entryHeader)
      if (!entry || entry.key !== key) return undefined
      return { entry, bytes: new Uint8Array(await response.arrayBuffer()) }
    },
    async put(entry: CacheEntry, bytes: Uint8Array): Promise<void> {
      await (await open()).put(entry.key, toResponse(bytes, entryHeader, entry))
    },
    async delete(key: string): Promise<boolean> {
      return (await open()).delete(key)
    },
    async list(): Promise<readonly CacheEntry[]> {
      const cache = await open()
      const responses = await Promise.all((await cache.keys()).map((request) => cache.match(request)))
      return responses.flatMap(
        (response) => (response && readHeader<CacheEntry>(response, entryHeader)) ?? [],
      )
    },
    async clear(): Promise<void> {
      await open()
      await caches.delete(name)
      await caches.delete(partialsName(name))
    },
    partials: partials(name),
  }
}

function partialsName(name: string): string {
  return `${name}-unfinished`
}

/** An unfinished download is stored when it stops: a page that is closed leaves none. */
function partials(name: string): PartialStore {
  const open = (): Promise<Cache> => caches.open(partialsName(name))
  const writer = (key: string, header: PartialHeader): PartialWriter => ({
    async append(): Promise<void> {},
    async keep(all: Uint8Array): Promise<void> {
      await (await open()).put(key, toResponse(all, partialHeader, header))
    },
    async discard(): Promise<void> {},
  })
  return {
    async claim(key: string, maxBytes: number): Promise<ClaimedPartial | undefined> {
      if (!(await caches.has(partialsName(name)))) return undefined
      const cache = await open()
      const response = await cache.match(key)
      // Of several tabs, the one whose delete succeeds has it.
      if (!response || !(await cache.delete(key))) return undefined
      const header = readHeader<PartialHeader>(response, partialHeader)
      const bytes = new Uint8Array(await response.arrayBuffer())
      if (!header?.validator || bytes.length > maxBytes) return undefined
      return { header, bytes, writer: writer(key, header) }
    },
    async create(key: string, header: PartialHeader): Promise<PartialWriter> {
      return writer(key, header)
    },
  }
}

function toResponse(bytes: Uint8Array, header: string, value: unknown): Response {
  return new Response(bytes as Uint8Array<ArrayBuffer>, {
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(bytes.length),
      [header]: encodeURIComponent(JSON.stringify(value)),
    },
  })
}

function readHeader<T>(response: Response, header: string): T | undefined {
  const text = response.headers.get(header)
  if (text === null) return undefined
  try {
    return JSON.parse(decodeURIComponent(text)) as T
  } catch {
    return undefined
  }
}
