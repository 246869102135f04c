import { MobileOneError } from '@mobileone/core'
import type { PartialHeader } from './cache.ts'

/** What the headers of a response say about the file it carries. */
export interface RemoteFile {
  /** ETag, weak or strong, else Last-Modified: what to ask with whether a cached copy is still the file. */
  readonly version?: string | undefined
  /** A strong ETag, or Last-Modified: what a later range must still match. */
  readonly validator: string | undefined
  /** The whole file's length in bytes. */
  readonly total: number | undefined
}

/** Read a 200 response's headers. A compressed body has a length of its own and cannot be continued. */
export function parseFullResponse(headers: Headers): RemoteFile {
  const version = versionOf(headers)
  if (isEncoded(headers)) return { version, validator: undefined, total: undefined }
  return { version, validator: validatorOf(headers), total: parseLength(headers.get('content-length')) }
}

/** The headers' ETag, weak or strong, else Last-Modified. */
export function versionOf(headers: Headers): string | undefined {
  return headers.get('etag') || headers.get('last-modified') || undefined
}

/** The media type where it is text: never that of weights. */
export function textType(headers: Headers): string | undefined {
  const type = /^\s*(text\/[^;\s]*)/i.exec(headers.get('content-type') ?? '')
  return type?.[1]?.slice(0, 40).toLowerCase()
}

/** The headers' strong ETag, else Last-Modified. */
export function validatorOf(headers: Headers): string | undefined {
  const etag = headers.get('etag')
  if (etag !== null && etag !== '' && !etag.startsWith('W/')) return etag
  return headers.get('last-modified') ?? undefined
}

/**
 * Whether a 206 response continues the file at `offset`: it starts there, and its validator is the one the beginning
 * had. A response without one is believed only when the request carried If-Range. Returns the whole length, and how many
 * bytes this response carries, if so.
 */
export function parsePartialResponse(
  headers: Headers,
  offset: number,
  known: RemoteFile,
  sentIfRange: boolean,
): { readonly total: number | undefined; readonly part: number | undefined } | undefined {
  if (isEncoded(headers)) return undefined
  const validator = validatorOf(headers)
  if (validator === undefined ? !sentIfRange : validator !== known.validator) return undefined
  const range = headers.get('content-range')
  if (range === null) {
    const rest = parseLength(headers.get('content-length'))
    return { total: known.total ?? (rest === undefined ? undefined : offset + rest), part: rest }
  }
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(range.trim())
  if (!match || Number(match[1]) !== offset) return undefined
  const part = Number(match[2]) + 1 - offset
  const total = match[3] === '*' ? known.total : Number(match[3])
  if (known.total !== undefined && total !== known.total) return undefined
  if (part < 1 || (total !== undefined && offset + part > total)) return undefined
  return { total, part }
}

/** The whole length a 416 response names. */
export function parseUnsatisfiedRange(headers: Headers): number | undefined {
  const match = /^bytes \*\/(\d+)$/.exec(headers.get('content-range')?.trim() ?? '')
  return match ? Number(match[1]) : undefined
}

/** What a partial file must remember to be continued; undefined when it cannot be. */
export function toPartialHeader(file: RemoteFile, sha256: string | undefined): PartialHeader | undefined {
  if (file.validator === undefined) return undefined
  return {
    validator: file.validator,
    ...(file.total !== undefined && { total: file.total }),
    ...(sha256 !== undefined && { sha256 }),
  }
}

/** An empty body is never weights. */
export function emptyFile(label: string): MobileOneError {
  return new MobileOneError('invalid-file', `${label} is empty; check the address`)
}

function isEncoded(headers: Headers): boolean {
  const encoding = headers.get('content-encoding')
  return encoding !== null && encoding !== '' && encoding.toLowerCase() !== 'identity'
}

function parseLength(value: string | null): number | undefined {
  if (value === null || !/^\d+$/.test(value.trim())) return undefined
  const length = Number(value)
  return Number.isSafeInteger(length) ? length : undefined
}
