/**
 * Values in a form that `postMessage` takes, and back: callbacks, signals, iterables and errors, which it does not take, become
 * plain objects with a mark. A buffer is sent as a copy unless its owner gave it away with `transfer`.
 */
import { type ErrorCode, isMobileOneError, MobileOneError } from '@mobileone/core'
import { given } from './transfer.ts'

const mark = '$mobileone'

/** How the parts that cannot be sent are named to the receiver. */
export interface Outgoing {
  callback(call: (...args: unknown[]) => unknown): number
  iterable(items: Iterable<unknown> | AsyncIterable<unknown>): number
}

export interface Packed {
  readonly value: unknown
  readonly transfer: Transferable[]
}

/** @throws MobileOneError `invalid-argument` for a function that is no callback, which cannot be sent. */
export function pack(root: unknown, out?: Outgoing): Packed {
  const moved = new Set<Transferable>()
  const packed = (value: unknown, key: string): unknown => {
    if (typeof value === 'function' && out && /^on[A-Z]/.test(key)) {
      return { [mark]: 'callback', key: out.callback(value as () => unknown) }
    }
    if (typeof value === 'function') {
      throw new MobileOneError(
        'invalid-argument',
        `${key} is a function, which another thread cannot be given; set it there, in a worker of yours that calls serveClassifier`,
      )
    }
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof AbortSignal) return { [mark]: 'signal' }
    if (value instanceof URL) return value.href
    if (value instanceof Error) return { [mark]: 'error', ...errorParts(value, 0) }
    if (Array.isArray(value)) return value.map((each) => packed(each, key))
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return packedBuffer(value, moved)
    if (isPlain(value)) {
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, packed(each, name)]))
    }
    if (given.has(value)) moved.add(value as Transferable)
    else if (out && isIterable(value)) return { [mark]: 'iterable', key: out.iterable(value) }
    return value
  }
  return { value: packed(root, 'it'), transfer: [...moved] }
}

/** A view travels without the rest of its buffer. */
function packedBuffer(value: ArrayBufferView | ArrayBuffer, moved: Set<Transferable>): object {
  const isView = ArrayBuffer.isView(value)
  const { buffer, byteOffset, byteLength } = isView
    ? value
    : { buffer: value, byteOffset: 0, byteLength: value.byteLength }
  if (typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer) return value
  if (given.has(value) || given.has(buffer)) {
    moved.add(buffer as ArrayBuffer)
    return value
  }
  const copy = (buffer as ArrayBuffer).slice(byteOffset, byteOffset + byteLength)
  moved.add(copy)
  if (!isView) return copy
  // Node's Buffer is received as a Uint8Array.
  const View = value.constructor as new (buffer: ArrayBuffer) => ArrayBufferView
  return value instanceof Uint8Array && !(value instanceof Uint8ClampedArray)
    ? new Uint8Array(copy)
    : new View(copy)
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

interface ErrorParts {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** Of a {@link MobileOneError} alone. */
  readonly code: ErrorCode | undefined
  readonly cause: unknown
}

const deepestCause = 8

function errorParts(error: Error, depth: number): ErrorParts {
  const { name, message, stack, cause } = error
  const code = isMobileOneError(error) ? error.code : undefined
  return {
    name,
    message,
    stack,
    code,
    cause:
      cause instanceof Error
        ? depth < deepestCause
          ? { [mark]: 'error', ...errorParts(cause, depth + 1) }
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

function isIterable(value: object): value is Iterable<unknown> | AsyncIterable<unknown> {
  return Symbol.asyncIterator in value || (Symbol.iterator in value && !('byteLength' in value))
}
