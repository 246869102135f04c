import type { WeightCache } from './cache.ts'

/** Lets other work of the thread have its turn, and throws when the caller has aborted. `done` is in bytes. */
export type Pace = (done: number) => Promise<void>

/** Bounds and progress, in bytes, of reading a local file. */
export interface ReadFileOptions {
  readonly maxBytes: number
  readonly signal: AbortSignal | undefined
  onRead(done: number, total: number): void
}

/** What differs between Node and a browser. */
export interface Platform {
  readonly name: 'node' | 'browser'
  /** An environment variable, when it is set and not empty. */
  env(name: string): string | undefined
  /** 64 lower-case hex digits. `pace` is called between slices, or not at all where another thread hashes. */
  sha256(bytes: Uint8Array, pace: Pace): Promise<string>
  /** The cache used by default, or why there is none. */
  defaultCache(): { readonly cache: WeightCache } | { readonly reason: string }
  /** The path a string or file: URL names, when it can be a path here. */
  toPath(source: string): string | undefined
  isFile(path: string): Promise<boolean>
  readFile(path: string, options: ReadFileOptions): Promise<Uint8Array>
  /** True where `redirect: 'manual'` shows the redirect; a browser follows it unseen. */
  readonly seesRedirects: boolean
  /** Headers a browser would refuse, or ask the server's leave for in a preflight request. */
  readonly sendsAnyHeader: boolean
}
