import type { OnProgress } from '@mobileone/core'
import type { PartialStore } from './cache.ts'
import type { Platform } from './platform.ts'

/** Everything one download needs, with every default filled in. */
export interface DownloadRequest {
  readonly url: URL
  readonly label: string
  /** What may be wrong when the file is missing or refused. */
  readonly hint: string
  readonly key: string
  readonly pin: string | undefined
  readonly partials: { readonly where: string; readonly store: PartialStore } | undefined
  /** The cached copy: ask whether it is still the file. `mayServe`: it is used where nobody answers, so the wait is short. */
  readonly current:
    | { readonly validator: string | undefined; readonly sha256: string; readonly mayServe: boolean }
    | undefined
  readonly hubOrigin: string
  readonly token: string | undefined
  readonly fetch: typeof globalThis.fetch
  readonly bypassHttpCache: boolean
  readonly platform: Platform
  readonly maxBytes: number
  readonly retries: number
  readonly retryDelayMs: number
  readonly stallTimeoutMs: number
  readonly signal: AbortSignal
  readonly onProgress: OnProgress
  readonly onWarning: (message: string) => void
}

/** A finished download. */
export interface Downloaded {
  readonly bytes: Uint8Array
  readonly sha256: string
  readonly validator: string | undefined
}
