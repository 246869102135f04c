/**
 * What a thread answers in a form that `postMessage` takes, and what it is sent: callbacks, signals and iterables, which cannot be
 * sent, come as plain objects with a mark; so do errors, whose code would be lost.
 */
import { type ErrorCode, isMobileOneError, MobileOneError } from '@mobileone/core'
import { mark } from './mark.ts'
import { given } from './transfer.ts'

export interface Packed {
  readonly value: unknown
  readonly transfer: Transferable[]
}

export function pack(root: unknown): Packed {
  const transfer = new Set<Transferable>()
  const packed = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof Error) return errorParts(value, 0)
    if (Array.isArray(value)) return value.map(packed)
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return ownBuffer(value, transfer)
    if (isPlain(value)) {
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, packed(each)]))
    }
    if (given.has(value)) transfer.add(value as Transferable)
    return value
  }
  return { value: packed(root), transfer: [...transfer] }
}

/** What stands for the marked parts at the receiver. */
export interface Incoming {
  readonly signal?: AbortSignal
  callback?(key: number): (...args: unknown[]) => void
  iterable?(key: number): AsyncIterable<unknown>
  /** Hears of every object that is no plain one. */
  onObject?(value: object): void
}

export function unpack(value: unknown, into: Incoming = {}): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((each) => unpack(each, into))
  if (!isPlain(value)) {
    into.onObject?.(value)
    return value
  }
  const { [mark]: kind, key } = value as { readonly [mark]?: unknown; readonly key: number }
  switch (kind) {
    case 'signal':
      return into.signal
    case 'callback':
      return into.callback?.(key)
    case 'iterable':
      return into.iterable?.(key)
    case 'error':
      return unpackError(value as unknown as ErrorParts)
    default:
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, unpack(each, into)]))
  }
}

/** `callback`, told what stands for the marked parts of what it is sent. */
export const unpacked =
  (callback: (...args: unknown[]) => unknown) =>
  (...sent: unknown[]): unknown =>
    callback(...sent.map((each) => unpack(each)))

interface ErrorParts {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** Of a {@link MobileOneError} alone. */
  readonly code: ErrorCode | undefined
  readonly cause: unknown
}

const deepestCause = 8

function errorParts(error: Error, depth: number): ErrorParts & { readonly [mark]: 'error' } {
  const { name, message, stack, cause } = error
  return {
    [mark]: 'error',
    name,
    message,
    stack,
    code: isMobileOneError(error) ? error.code : undefined,
    cause:
      cause instanceof Error
        ? depth < deepestCause
          ? errorParts(cause, depth + 1)
          : undefined
        : typeof cause === 'object' || typeof cause === 'function'
          ? undefined
          : cause,
  }
}

function unpackError({ name, message, stack, code, cause }: ErrorParts): Error {
  const options = cause === undefined ? {} : { cause: unpack(cause) }
  const error = code ? new MobileOneError(code, message, options) : new Error(message, options)
  error.name = name
  if (stack) error.stack = stack
  return error
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** A copy, which leaves out the rest of a view's buffer, or what its owner gave away; `transfer` gets the buffer. */
function ownBuffer(value: ArrayBufferView | ArrayBuffer, transfer: Set<Transferable>): unknown {
  const buffer = ArrayBuffer.isView(value) ? value.buffer : value
  // Others are shared, or copied by postMessage.
  if (!(buffer instanceof ArrayBuffer) || value instanceof DataView) return value
  if (given.has(value) || given.has(buffer)) {
    transfer.add(buffer)
    return value
  }
  // Node's Buffer has a `slice` of its own, which copies nothing.
  const copy = value === buffer ? buffer.slice(0) : Uint8Array.prototype.slice.call(value)
  transfer.add('buffer' in copy ? copy.buffer : copy)
  return copy
}
