/** A file of the page as a build made it: its path below the page's folder, and the SHA-256 of its bytes in hexadecimal. */
export interface SiteFile {
  readonly path: string
  readonly hash: string
}

/** What a build consists of. */
export interface SiteFiles {
  /** Everything that the first view takes, the embedded model and the samples included: kept before the worker takes over. */
  readonly shell: readonly SiteFile[]
  /** What the other views take: kept when it is used, or when the page asks for the rest. */
  readonly rest: readonly SiteFile[]
}

/** What files are kept in: a Cache, or in tests a stand-in. */
export type FileCache = Pick<Cache, 'match' | 'put' | 'delete' | 'keys'>

/**
 * Keeps the files of one build by their content: a file that two builds share is downloaded once, and what is kept under a build's name
 * is what that build made, since every byte is hashed before it is kept. Not responsible for anything of other origins, such as weights.
 */
export class Precache {
  readonly #cache: FileCache
  readonly #scope: string
  readonly #files: ReadonlyMap<string, SiteFile>
  readonly #fetch: typeof fetch
  readonly #amend: (response: Response) => Response

  /** `scope` is the address of the page's folder; `amend` is given every response before it is answered with or kept. */
  constructor(
    cache: FileCache,
    scope: string,
    files: SiteFiles,
    amend: (response: Response) => Response,
    // A browser's own takes no other object than the global one as `this`.
    request: typeof fetch = (...call) => fetch(...call),
  ) {
    this.#cache = cache
    this.#scope = scope
    this.#files = new Map([...files.shell, ...files.rest].map((file) => [file.path, file]))
    this.#amend = amend
    this.#fetch = request
  }

  /** The file that a request for `address` is for; undefined for what is none of the build's. */
  fileOf(address: string): SiteFile | undefined {
    const { origin, pathname } = new URL(address)
    const plain = `${origin}${pathname}`
    if (!plain.startsWith(this.#scope)) return undefined
    return this.#files.get(plain.slice(this.#scope.length) || 'index.html')
  }

  /** Keep `files`, one after the other so that the page comes first. Rejects where one cannot be had, or is another build's. */
  async keep(files: readonly SiteFile[]): Promise<void> {
    const kept = new Set((await this.#cache.keys()).map(({ url }) => url))
    for (const file of files) {
      if (kept.has(this.#keyOf(file))) continue
      // The server is asked whether its file is still the one that the browser has: of one that it has not, nothing is sent twice.
      const response = await this.#fetch(this.#scope + file.path, { cache: 'no-cache' })
      if (!response.ok) throw new Error(`${file.path}: ${response.status} ${response.statusText}`)
      if (!(await this.#put(file, response)))
        throw new Error(`${file.path}: of another build than this worker`)
    }
  }

  /** `file` as it is kept; otherwise as the server has it, which is then kept if it is this build's. */
  async answer(file: SiteFile, request: Request): Promise<{ response: Response; kept: Promise<unknown> }> {
    const kept = await this.#cache.match(this.#keyOf(file))
    if (kept) return { response: kept, kept: Promise.resolve() }
    const response = await this.#fetch(request)
    const isWhole = response.status === 200
    return {
      response: this.#amend(response.clone()),
      kept: isWhole ? this.#put(file, response) : Promise.resolve(),
    }
  }

  /** Forget what this build has not. */
  async clean(): Promise<void> {
    const wanted = new Set([...this.#files.values()].map((file) => this.#keyOf(file)))
    for (const request of await this.#cache.keys()) {
      if (!wanted.has(request.url)) await this.#cache.delete(request)
    }
  }

  async #put(file: SiteFile, response: Response): Promise<boolean> {
    const bytes = await response.arrayBuffer()
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
    if (hash !== file.hash) return false
    const { status, statusText, headers } = response
    await this.#cache.put(
      this.#keyOf(file),
      this.#amend(new Response(bytes, { status, statusText, headers: plainHeaders(headers) })),
    )
    return true
  }

  #keyOf({ path, hash }: SiteFile): string {
    return `${this.#scope}${path}?sha256=${hash}`
  }
}

/** `headers` of the bytes as they are after decompression. */
function plainHeaders(headers: Headers): Headers {
  const plain = new Headers(headers)
  for (const name of ['content-encoding', 'content-length']) plain.delete(name)
  return plain
}
