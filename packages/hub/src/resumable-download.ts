import { MobileOneError } from '@mobileone/core'
import { detectErrorPage, detectedLength } from './detect-error-page.ts'
import { DownloadBuffer } from './download-buffer.ts'
import type { Downloaded, DownloadRequest } from './download-request.ts'
import { hashFile } from './hash-file.ts'
import { connectionFailure, type HttpGetRequest, httpGet } from './http-get.ts'
import { checkSha256 } from './integrity.ts'
import { checkSize, revalidateTimeoutMs } from './limits.ts'
import { PartialFile } from './partial-file.ts'
import {
  emptyFile,
  parseFullResponse,
  parsePartialResponse,
  parseUnsatisfiedRange,
  type RemoteFile,
  textType,
  toPartialHeader,
  versionOf,
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
  /** Where the response at hand must end, when it said so. */
  #partEnd: number | undefined
  #isPieced = false
  #isFinished = false
  #hasBegun = false

  constructor(request: DownloadRequest) {
    const { key, label, maxBytes, partials, onWarning } = request
    this.#request = request
    this.#buffer = new DownloadBuffer(label, maxBytes)
    this.#partial = new PartialFile(key, partials?.where ?? '', partials?.store, onWarning)
  }

  /** True when the bytes came in more than one response. */
  get isPieced(): boolean {
    return this.#isPieced
  }

  /** True once a server has answered that it has the file, another one than the cached copy. */
  get hasBegun(): boolean {
    return this.#hasBegun
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
    const { current, label, platform, signal, stallTimeoutMs, url } = this.#request
    if (this.#buffer.length > 0 && this.#buffer.length === this.#file.total) return await this.#finish()
    const isQuick = current?.mayServe === true && !this.#hasBegun
    const stall = startStallTimeout(
      signal,
      isQuick ? Math.min(stallTimeoutMs, revalidateTimeoutMs) : stallTimeoutMs,
    )
    try {
      const offset = this.#file.validator === undefined ? 0 : this.#buffer.length
      const { response, hubSha256 } = await httpGet(this.#toHttpGet(offset, stall.signal))
      stall.reset(stallTimeoutMs)
      if (current && isCurrent(response, hubSha256, current)) return 'current'
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
      throw connectionFailure(label, url, error, platform.seesRedirects)
    } finally {
      stall.stop()
    }
  }

  /** Forget everything received. */
  async restart(): Promise<void> {
    this.#buffer.reset()
    this.#file = unknown
    this.#hubSha256 = undefined
    this.#partEnd = undefined
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
    } else if (current?.validator !== undefined && (platform.sendsAnyHeader || isSameOrigin(url))) {
      headers[/^(W\/)?"/.test(current.validator) ? 'if-none-match' : 'if-modified-since'] = current.validator
    }
    const { seesRedirects } = platform
    const knownSha256 = current?.sha256
    return {
      url,
      label,
      headers,
      hubOrigin,
      token,
      fetch,
      seesRedirects,
      bypassHttpCache,
      signal,
      knownSha256,
    }
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
    this.#file = { ...this.#file, total: rest.total }
    this.#partEnd = rest.part === undefined ? undefined : offset + rest.part
    this.#isPieced = true
    this.#hasBegun = true
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
    const text = pin === undefined && hubSha256 === undefined ? textType(response.headers) : undefined
    if (text !== undefined) {
      throw new MobileOneError(
        'invalid-file',
        `${label} is served as ${text}, not weights: is this the address of a page or a message? ` +
          'Serve weights as application/octet-stream, or pin their sha256',
      )
    }
    const file = parseFullResponse(response.headers)
    if (file.total === 0) throw emptyFile(label)
    if (file.total !== undefined) checkSize(label, file.total, maxBytes)
    if (hubSha256 !== undefined) checkSha256(label, 'the one asked for is', pin, hubSha256)
    this.#file = file
    this.#hubSha256 = hubSha256
    this.#hasBegun = true
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
      if (this.#buffer.length > (this.#partEnd ?? Infinity)) throw await this.#tooLong()
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

  async #tooLong(): Promise<AttemptFailure> {
    const message = `${this.#request.label}: the server sent more than the part of the file it announced (${this.#partEnd} bytes in all)`
    await this.restart()
    return new AttemptFailure(new MobileOneError('network', message), { retry: true })
  }

  async #finish(): Promise<Downloaded> {
    const { label, pin, platform } = this.#request
    const bytes = this.#buffer.finish()
    const sha256 = await hashFile(bytes, label, platform, this.#request)
    checkSha256(label, 'the one asked for is', pin, sha256)
    checkSha256(label, 'the hub announced', this.#hubSha256, sha256)
    this.#isFinished = true
    return { bytes, sha256, validator: this.#file.version ?? this.#file.validator }
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

/** Whether the response says that the copy at hand is the file: by 304, by the hub's hash, or by the version it names. */
function isCurrent(
  response: Response,
  hubSha256: string | undefined,
  current: { readonly validator: string | undefined; readonly sha256: string },
): boolean {
  if (response.status === 304 || hubSha256 === current.sha256) return true
  return response.ok && current.validator !== undefined && versionOf(response.headers) === current.validator
}

function isSameOrigin(url: URL): boolean {
  return globalThis.location?.origin === url.origin
}
