import type { PartialHeader, PartialStore, PartialWriter } from './cache.ts'

/**
 * What one download leaves in a `PartialStore`. Never throws: the first failure is told once, and the download goes on
 * without leaving anything.
 */
export class PartialFile {
  readonly #key: string
  readonly #where: string
  readonly #warn: (message: string) => void
  #store: PartialStore | undefined
  #writer: PartialWriter | undefined

  constructor(key: string, where: string, store: PartialStore | undefined, warn: (message: string) => void) {
    this.#key = key
    this.#where = where
    this.#store = store
    this.#warn = warn
  }

  async claim(maxBytes: number): Promise<{ header: PartialHeader; bytes: Uint8Array } | undefined> {
    return this.#try(async (store) => {
      const claimed = await store.claim(this.#key, maxBytes)
      this.#writer = claimed?.writer
      return claimed
    })
  }

  /** Start from the first byte, after `discard`. Without a header the download leaves nothing to continue. */
  async begin(header: PartialHeader | undefined): Promise<void> {
    if (!header) return
    await this.#try(async (store) => {
      this.#writer = await store.create(this.#key, header)
    })
  }

  async append(chunk: Uint8Array): Promise<void> {
    await this.#try(() => this.#writer?.append(chunk))
  }

  async keep(all: Uint8Array): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    await this.#try(() => writer?.keep(all))
  }

  async discard(): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    await this.#try(() => writer?.discard())
  }

  async #try<T>(use: (store: PartialStore) => Promise<T> | undefined): Promise<T | undefined> {
    if (!this.#store) return undefined
    try {
      return await use(this.#store)
    } catch (error) {
      this.#store = undefined
      const writer = this.#writer
      this.#writer = undefined
      await writer?.discard().catch(() => {})
      this.#warn(
        `cannot keep an unfinished download in ${this.#where} (${(error as Error).message}); if this one stops, the next starts from the first byte`,
      )
      return undefined
    }
  }
}
