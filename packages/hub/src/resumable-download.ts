import { MobileOneError } from '@mobileone/core'
import { detectErrorPage, detectedLength } from './detect-error-page.ts'
import { DownloadBuffer } from './download-buffer.ts'
import type { Downloaded, DownloadRequest } from './download-request.ts'
import { connectionFailure, type HttpGetRequest, httpGet } from './http-get.ts'
import { checkSha256 } from './integrity.ts'
import { checkSize } from './limits.ts'
import { PartialFile } from './partial-file.ts'
import {
  emptyFile,
  parseFullResponse,
  parsePartialResponse,
  parseUnsatisfiedRange,
  type RemoteFile,
  toPartialHeader,
} from './response-headers.ts'
import { AttemptFailure, statusFailure } from './retry.ts'
import { type StallTimeout, startStallTimeout } from './stall-timeout.ts'

const unknown: RemoteFile = { validator: undefined, total: undefined }

/** What outlives one attempt of a download: the bytes so far, and which file they are the beginning of. */
export class ResumableDownload {
  readonly #request: DownloadRequest
  readonly #buffer: DownloadBuffer
  readonly #partial: PartialFile
  #file: RemoteFile = unknown
  /** The whole file's hash, as the hub announced it. */
  #hubSha256: string | undefined
  #isPieced = false
  #isFinished = false

  constructor(request: DownloadRequest) {
    const { key, label, maxBytes, partials, platform, onWarning } = request
    this.#request = request
    this.#buffer = new DownloadBuffer(label, maxBytes, platform.createSha256)
    this.#partial = new PartialFile(key, partials?.where ?? '', partials?.store, onWarning)
  }

  /** True when the bytes came in more than one response. */
  get isPieced(): boolean {
    return this.#isPieced
  }

  /** Take over what an earlier call left. */
  async resume(): Promise<void> {
    const partial = await this.#partial.claim(this.#request.maxBytes)
    if (!partial) return
    this.#file = { validator: partial.header.validator, total: partial.header.total }
    this.#hubSha256 = partial.header.sha256
    this.#isPieced = true
    this.#buffer.append(partial.bytes, partial.header.total)
  }

  /** One request. `again`: the server has another file than the one begun, so the next request asks for all of it. */
  async attempt(): Promise<Downloaded | 'current' | 'again'> {
    const { current, label, signal, stallTimeoutMs, url } = this.#request
    if (this.#buffer.length > 0 && this.#buffer.length === this.#file.total) return this.#finish()
    const stall = startStallTimeout(signal, stallTimeoutMs)
    try {
      const offset = this.#file.validator === undefined ? 0 : this.#buffer.length
      const { response, hubSha256 } = await httpGet(this.#toHttpGet(offset, stall.signal))
      stall.reset()
      if (current && (response.status === 304 || hubSha256 === current.sha256)) return 'current'
      if (offset > 0 && (response.status === 206 || response.status === 416)) {
        if (!this.#continues(response, offset, hubSha256)) {
          await this.restart()
          return 'again'
        }
      } else {
        await this.#begin(response, hubSha256)
      }
      if (response.status !== 416) await this.#receive(response, stall)
      return await this.#finish()
    } catch (error) {
      if (stall.stalled) throw this.#stalled()
      if (signal.aborted || error instanceof AttemptFailure || error instanceof MobileOneError) throw error
      throw connectionFailure(label, url, error)
    } finally {
      stall.stop()
    }
  }

  /** Forget everything received. */
  async restart(): Promise<void> {
    this.#buffer.reset()
    this.#file = unknown
    this.#hubSha256 = undefined
    this.#isPieced = false
    await this.#partial.discard()
  }

  /** Leave an unfinished download for a later call, and nothing of a finished one. */
  async close(): Promise<void> {
    const isResumable = !this.#isFinished && this.#file.validator !== undefined && this.#buffer.length > 0
    await (isResumable ? this.#partial.keep(this.#buffer.bytes) : this.#partial.discard())
  }

  #toHttpGet(offset: number, signal: AbortSignal): HttpGetRequest {
    const { platform, current, url, label, hubOrigin, token, fetch, bypassHttpCache } = this.#request
    const { validator } = this.#file
    const headers: Record<string, string> = {}
    if (platform.sendsAnyHeader) headers['accept-encoding'] = 'identity'
    if (offset > 0 && validator !== undefined) {
      headers.range = `bytes=${offset}-`
      if (platform.sendsAnyHeader) headers['if-range'] = validator
    } else if (current?.validator !== undefined && platform.sendsAnyHeader) {
      headers[/^(W\/)?"/.test(current.validator) ? 'if-none-match' : 'if-modified-since'] = current.validator
    }
    const { seesRedirects } = platform
    return { url, label, headers, hubOrigin, token, fetch, seesRedirects, bypassHttpCache, signal }
  }

  /** Whether a 206 or 416 response belongs to the file begun. */
  #continues(response: Response, offset: number, hubSha256: string | undefined): boolean {
    const { pin, platform } = this.#request
    if (hubSha256 !== undefined && this.#hubSha256 !== undefined && hubSha256 !== this.#hubSha256)
      return false
    if (response.status === 416) {
      // All of it has arrived, if it is still the same file: only a known hash can tell.
      const isComplete = parseUnsatisfiedRange(response.headers) === offset
      return isComplete && (pin ?? hubSha256 ?? this.#hubSha256) !== undefined
    }
    const rest = parsePartialResponse(response.headers, offset, this.#file, platform.sendsAnyHeader)
    if (!rest) return false
    this.#file = { validator: this.#file.validator, total: rest.total }
    this.#isPieced = true
    return true
  }

  /** Take a response that carries the whole file. */
  async #begin(response: Response, hubSha256: string | undefined): Promise<void> {
    const { label, hint, pin, maxBytes } = this.#request
    if (!response.ok) throw statusFailure(response, label, hint)
    await this.restart()
    if (response.status !== 200) {
      const message = `${label}: the server answered ${response.status} to a plain request; check the address`
      throw new AttemptFailure(new MobileOneError('network', message), { retry: false })
    }
    const file = parseFullResponse(response.headers)
    if (file.total === 0) throw emptyFile(label)
    if (file.total !== undefined) checkSize(label, file.total, maxBytes)
    if (hubSha256 !== undefined) checkSha256(label, 'the one asked for is', pin, hubSha256)
    this.#file = file
    this.#hubSha256 = hubSha256
    await this.#partial.begin(toPartialHeader(file, hubSha256))
  }

  async #receive(response: Response, stall: StallTimeout): Promise<void> {
    const { label, onProgress } = this.#request
    const reader = response.body?.getReader()
    let isChecked = false
    for (;;) {
      const chunk = (await reader?.read())?.value
      if (chunk === undefined) break
      stall.reset()
      this.#buffer.append(chunk, this.#file.total)
      if (!isChecked && this.#buffer.length >= detectedLength) {
        this.#refuseErrorPage()
        isChecked = true
      }
      await this.#partial.append(chunk)
      stall.reset()
      // More than announced: that was the length of a compressed body whose encoding CORS hides.
      if (this.#buffer.length > (this.#file.total ?? Infinity)) this.#file = unknown
      const { total } = this.#file
      onProgress({ phase: 'download', done: this.#buffer.length, ...(total !== undefined && { total }) })
    }
    if (this.#buffer.length === 0) throw emptyFile(label)
    if (!isChecked) this.#refuseErrorPage()
    const { total } = this.#file
    if (total !== undefined && this.#buffer.length < total) {
      const message = `${label}: the connection ended after ${this.#buffer.length} of ${total} bytes`
      throw new AttemptFailure(new MobileOneError('network', message), { retry: true })
    }
  }

  #finish(): Downloaded {
    const { label, pin } = this.#request
    const { bytes, sha256 } = this.#buffer.finish()
    checkSha256(label, 'the one asked for is', pin, sha256)
    checkSha256(label, 'the hub announced', this.#hubSha256, sha256)
    this.#isFinished = true
    return { bytes, sha256, validator: this.#file.validator }
  }

  #refuseErrorPage(): void {
    const found = detectErrorPage(this.#buffer.bytes.subarray(0, detectedLength))
    if (found !== undefined) throw new MobileOneError('invalid-file', `${this.#request.label} is ${found}`)
  }

  #stalled(): AttemptFailure {
    const { label, stallTimeoutMs } = this.#request
    const message =
      `${label}: nothing arrived for ${stallTimeoutMs / 1000} s after ${this.#buffer.length} bytes; ` +
      'check the connection, or raise stallTimeoutMs'
    return new AttemptFailure(new MobileOneError('network', message), { retry: true })
  }
}
