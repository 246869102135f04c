/**
 * The cache contract. A cache is not responsible for checking what it returns (`fetchWeights` hashes every entry it
 * reads), for deciding what is stale, or for limiting its own size. Any method may throw: the caller warns and goes on
 * without a cache.
 */

/** What is known about a cached file. */
export interface CacheEntry {
  /** The URL it was asked for under. */
  readonly key: string
  /** Of the bytes, 64 lower-case hex digits. */
  readonly sha256: string
  readonly size: number
  /** The server's ETag or Last-Modified, to ask whether it is still current. */
  readonly validator?: string
  /** ISO 8601. */
  readonly savedAt: string
}

/** A cached file. */
export interface CachedWeights {
  readonly entry: CacheEntry
  readonly bytes: Uint8Array
}

/** Where `fetchWeights` keeps finished files. */
export interface WeightCache {
  /** Where entries live, for messages: a directory, or the name of a browser cache. Equal names mean the same cache. */
  readonly name: string
  get(key: string): Promise<CachedWeights | undefined>
  /** Store all of it or nothing: a reader sees the old entry or the new one, also from another process. */
  put(entry: CacheEntry, bytes: Uint8Array): Promise<void>
  /** True when there was such an entry. */
  delete(key: string): Promise<boolean>
  list(): Promise<readonly CacheEntry[]>
  /** Remove every entry and every unfinished download. */
  clear(): Promise<void>
  /** Where unfinished downloads wait. Without it a download continues only within one call. */
  readonly partials?: PartialStore
}

/** What must still hold for the rest of an unfinished download to fit its beginning. */
export interface PartialHeader {
  /** A strong ETag, or a Last-Modified date. */
  readonly validator: string
  /** The whole length in bytes, where the server told it. */
  readonly total?: number
  /** The whole file's hash, where the server told it. */
  readonly sha256?: string
}

/** Where unfinished downloads wait to be continued, each by one caller. */
export interface PartialStore {
  /** Take over what an interrupted download left, so that nobody else continues it. Larger than `maxBytes` is dropped. */
  claim(key: string, maxBytes: number): Promise<ClaimedPartial | undefined>
  create(key: string, header: PartialHeader): Promise<PartialWriter>
}

/** The beginning of a file, and the writer that continues it. */
export interface ClaimedPartial {
  readonly header: PartialHeader
  readonly bytes: Uint8Array
  readonly writer: PartialWriter
}

/** Takes the bytes of one download; ends with `keep` or `discard`. */
export interface PartialWriter {
  append(chunk: Uint8Array): Promise<void>
  /** Leave it for a later call. `all` is everything received so far. */
  keep(all: Uint8Array): Promise<void>
  discard(): Promise<void>
}
