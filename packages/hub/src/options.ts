import type { OnProgress } from '@mobileone/core'
import type { WeightCache } from './cache.ts'

/**
 * Where weights come from. A string is a hub id (`timm/mobileone_s0.apple_in1k`, with optional `@revision` and `/file`),
 * an http(s) or file: URL, in Node a path, in a browser a URL relative to the page when it starts with `/`, `./` or `../`; in a
 * browser extension also the URL of a file of its own.
 */
export type WeightSource = string | URL | Blob | Uint8Array | ArrayBuffer

/** How `fetchWeights` downloads, checks and caches. Every option has a default. */
export interface FetchWeightsOptions {
  readonly signal?: AbortSignal | undefined
  /** Phases: `download`, `read` (a local file or a cached one), `verify` (hashing, where it takes long). Units are bytes. */
  readonly onProgress?: OnProgress | undefined
  /** Told what went wrong but did not stop the call: a retry, a cache that cannot be used. Default: `console.warn`. */
  readonly onWarning?: ((message: string) => void) | undefined
  /** Refuse any other bytes: `sha256-` and base64, as in Subresource Integrity. */
  readonly integrity?: string | undefined
  /** The same as `integrity`, as 64 hex digits. */
  readonly sha256?: string | undefined
  /**
   * False spares hashing bytes, Blobs and files that no `integrity` or `sha256` is asked of; `sha256` of the result is then empty.
   * Default true.
   */
  readonly hash?: boolean | undefined
  /** Default: `openDefaultCache()`. `false` neither reads nor writes one. */
  readonly cache?: WeightCache | false | undefined
  /** Use only local files and the cache. Default: MOBILEONE_OFFLINE in Node, else false. */
  readonly offline?: boolean | undefined
  /**
   * Whether to ask the server if the cached copy is still the file (by ETag or Last-Modified) before it is used. Left out: ask,
   * where the address can get other contents and the copy is not the pinned one; without an answer the copy serves and
   * `onWarning` says so. `true`: ask always, and fail without an answer. `false`: use the copy without asking.
   */
  readonly refresh?: boolean | undefined
  /** The hub's address. Default: HF_ENDPOINT in Node, else https://huggingface.co. */
  readonly endpoint?: string | undefined
  /** Sent to the hub's own origin, never to where it redirects. Default: HF_TOKEN in Node. */
  readonly token?: string | undefined
  /** Refuse anything larger, in bytes. Default 1 GiB. */
  readonly maxBytes?: number | undefined
  /** How many times a failed download is tried again. Default 4. */
  readonly retries?: number | undefined
  /** Milliseconds before the first retry, doubled for each one after it, up to 30 s, with jitter. Default 500. */
  readonly retryDelayMs?: number | undefined
  /** Milliseconds without a byte after which an attempt is given up. Default 30,000. */
  readonly stallTimeoutMs?: number | undefined
  /** Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** The whole file, and where it came from. */
export interface FetchedWeights {
  readonly bytes: Uint8Array
  /** The URL (without its query, which may hold a signature) or path, `file:<name>` for a File, `blob` or `bytes`. */
  readonly source: string
  /** 64 lower-case hex digits; empty where {@link FetchWeightsOptions.hash} spared them. */
  readonly sha256: string
  readonly fromCache: boolean
  /** Where the file is kept, for {@link dropCached} and {@link derive}; undefined for local files and without a cache. */
  readonly cached: { readonly cache: WeightCache; readonly key: string } | undefined
}
