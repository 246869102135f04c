import { MobileOneError } from '@mobileone/core'
import {
  type BodyInfo,
  describeRest,
  describeWhole,
  emptyFile,
  lengthOfUnsatisfied,
  toPartialHeader,
} from './body.ts'
import type { Downloaded, DownloadJob } from './download-job.ts'
import { checkSha256 } from './integrity.ts'
import { connectionFailure, type GetRequest, get } from './request.ts'
import { AttemptFailure, statusFailure } from './retry.ts'
import { checkSize, Sink } from './sink.ts'
import { notWeights, sniffLength } from './sniff.ts'
import { Unfinished } from './unfinished.ts'
import { type Watchdog, watch } from './watchdog.ts'

const unknown: BodyInfo = { validator: undefined, total: undefined }

/** What outlives one attempt of a download: the bytes so far, and which file they are the beginning of. */
export class DownloadTask {
  readonly #job: DownloadJob
  readonly #sink: Sink
  readonly #unfinished: Unfinished
  #info: BodyInfo = unknown
  /** The whole file's hash, as the hub announced it. */
  #hubSha256: string | undefined
  #pieced = false
  #finished = false

  constructor(job: DownloadJob) {
    this.#job = job
    this.#sink = new Sink(job.label, job.maxBytes, job.platform.createSha256)
    this.#unfinished = new Unfinished(job.key, job.partials?.where ?? '', job.partials?.store, job.onWarning)
  }

  /** True when the bytes came in more than one response. */
  get pieced(): boolean {
    return this.#pieced
  }

  /** Take over what an earlier call left. */
  async pickUp(): Promise<void> {
    const left = await this.#unfinished.claim(this.#job.maxBytes)
    if (!left) return
    this.#info = { validator: left.header.validator, total: left.header.total }
    this.#hubSha256 = left.header.sha256
    this.#pieced = true
    this.#sink.push(left.bytes, left.header.total)
  }

  /** One request. `again`: the server has another file than the one begun, so the next request asks for all of it. */
  async attempt(): Promise<Downloaded | 'current' | 'again'> {
    const job = this.#job
    if (this.#sink.length > 0 && this.#sink.length === this.#info.total) return this.#finish()
    const dog = watch(job.signal, job.stallTimeoutMs)
    try {
      const offset = this.#info.validator === undefined ? 0 : this.#sink.length
      const { response, hubSha256 } = await get(this.#request(offset, dog.signal))
      dog.feed()
      if (job.have && (response.status === 304 || hubSha256 === job.have.sha256)) return 'current'
      if (offset > 0 && (response.status === 206 || response.status === 416)) {
        if (!this.#continues(response, offset, hubSha256)) {
          await this.restart()
          return 'again'
        }
      } else {
        await this.#begin(response, hubSha256)
      }
      if (response.status !== 416) await this.#receive(response, dog)
      return await this.#finish()
    } catch (error) {
      if (dog.stalled) throw this.#stalled()
      if (job.signal.aborted || error instanceof AttemptFailure || error instanceof MobileOneError)
        throw error
      throw connectionFailure(job.label, job.url, error)
    } finally {
      dog.stop()
    }
  }

  /** Forget everything received. */
  async restart(): Promise<void> {
    this.#sink.reset()
    this.#info = unknown
    this.#hubSha256 = undefined
    this.#pieced = false
    await this.#unfinished.discard()
  }

  /** Leave an unfinished download for a later call, and nothing of a finished one. */
  async close(): Promise<void> {
    const worthKeeping = !this.#finished && this.#info.validator !== undefined && this.#sink.length > 0
    await (worthKeeping ? this.#unfinished.keep(this.#sink.bytes) : this.#unfinished.discard())
  }

  #request(offset: number, signal: AbortSignal): GetRequest {
    const { platform, have, url, label, hubOrigin, token, fetch, bypassHttpCache } = this.#job
    const { validator } = this.#info
    const headers: Record<string, string> = {}
    if (platform.sendsAnyHeader) headers['accept-encoding'] = 'identity'
    if (offset > 0 && validator !== undefined) {
      headers.range = `bytes=${offset}-`
      if (platform.sendsAnyHeader) headers['if-range'] = validator
    } else if (have?.validator !== undefined && platform.sendsAnyHeader) {
      headers[/^(W\/)?"/.test(have.validator) ? 'if-none-match' : 'if-modified-since'] = have.validator
    }
    const { seesRedirects } = platform
    return { url, label, headers, hubOrigin, token, fetch, seesRedirects, bypassHttpCache, signal }
  }

  /** Whether a 206 or 416 response belongs to the file begun. */
  #continues(response: Response, offset: number, hubSha256: string | undefined): boolean {
    const { pin, platform } = this.#job
    if (hubSha256 !== undefined && this.#hubSha256 !== undefined && hubSha256 !== this.#hubSha256)
      return false
    if (response.status === 416) {
      // All of it has arrived, if it is still the same file: only a known hash can tell.
      const isComplete = lengthOfUnsatisfied(response.headers) === offset
      return isComplete && (pin ?? hubSha256 ?? this.#hubSha256) !== undefined
    }
    const rest = describeRest(response.headers, offset, this.#info, platform.sendsAnyHeader)
    if (!rest) return false
    this.#info = { validator: this.#info.validator, total: rest.total }
    this.#pieced = true
    return true
  }

  /** Take a response that carries the whole file. */
  async #begin(response: Response, hubSha256: string | undefined): Promise<void> {
    const { label, hint, pin, maxBytes } = this.#job
    if (!response.ok) throw statusFailure(response, label, hint)
    await this.restart()
    if (response.status !== 200) {
      const message = `${label}: the server answered ${response.status} to a plain request; check the address`
      throw new AttemptFailure(new MobileOneError('network', message), { retry: false })
    }
    const info = describeWhole(response.headers)
    if (info.total === 0) throw emptyFile(label)
    if (info.total !== undefined) checkSize(label, info.total, maxBytes)
    if (hubSha256 !== undefined) checkSha256(label, 'the one asked for is', pin, hubSha256)
    this.#info = info
    this.#hubSha256 = hubSha256
    await this.#unfinished.begin(toPartialHeader(info, hubSha256))
  }

  async #receive(response: Response, dog: Watchdog): Promise<void> {
    const { label, onProgress } = this.#job
    const reader = response.body?.getReader()
    let isSniffed = false
    for (;;) {
      const chunk = (await reader?.read())?.value
      if (chunk === undefined) break
      dog.feed()
      this.#sink.push(chunk, this.#info.total)
      if (!isSniffed && this.#sink.length >= sniffLength) {
        this.#sniff()
        isSniffed = true
      }
      await this.#unfinished.append(chunk)
      dog.feed()
      // More than announced: that was the length of a compressed body whose encoding CORS hides.
      if (this.#sink.length > (this.#info.total ?? Infinity)) this.#info = unknown
      const { total } = this.#info
      onProgress({ phase: 'download', done: this.#sink.length, ...(total !== undefined && { total }) })
    }
    if (this.#sink.length === 0) throw emptyFile(label)
    if (!isSniffed) this.#sniff()
    const { total } = this.#info
    if (total !== undefined && this.#sink.length < total) {
      const message = `${label}: the connection ended after ${this.#sink.length} of ${total} bytes`
      throw new AttemptFailure(new MobileOneError('network', message), { retry: true })
    }
  }

  #finish(): Downloaded {
    const { label, pin } = this.#job
    const { bytes, sha256 } = this.#sink.finish()
    checkSha256(label, 'the one asked for is', pin, sha256)
    checkSha256(label, 'the hub announced', this.#hubSha256, sha256)
    this.#finished = true
    return { bytes, sha256, validator: this.#info.validator }
  }

  #sniff(): void {
    const found = notWeights(this.#sink.bytes.subarray(0, sniffLength))
    if (found !== undefined) throw new MobileOneError('invalid-file', `${this.#job.label} is ${found}`)
  }

  #stalled(): AttemptFailure {
    const { label, stallTimeoutMs } = this.#job
    const message =
      `${label}: nothing arrived for ${stallTimeoutMs / 1000} s after ${this.#sink.length} bytes; ` +
      'check the connection, or raise stallTimeoutMs'
    return new AttemptFailure(new MobileOneError('network', message), { retry: true })
  }
}
