/** Arguments as a classifier takes them, of those that its owner sent: addresses made whole, defaults filled in. */
import type { MethodName } from './protocol.ts'

/** Of methods with other than one argument of pictures before their options: how many, and the place of the options. */
const places: { readonly [Name in MethodName]?: { readonly pictures: number; readonly options: number } } = {
  similarity: { pictures: 2, options: 2 },
  nearest: { pictures: 1, options: 2 },
  profile: { pictures: 0, options: 0 },
  withHead: { pictures: 0, options: 1 },
  getModel: { pictures: 0, options: 0 },
  warmUp: { pictures: 0, options: 0 },
}

/** @param base What the owner's addresses are relative to; undefined where that is what this thread's are. */
export function callArguments(
  method: MethodName,
  given: readonly unknown[],
  defaults: object | undefined,
  base: string | undefined,
): unknown[] {
  const { pictures, options } = places[method] ?? { pictures: 1, options: 1 }
  const args = given.map((value, place) => (place < pictures ? wholeSources(value, base) : value))
  if (defaults) args[options] = optionsOver(defaults, method, args[options])
  return args
}

/** The options of `createClassifier`: an address of the model, and those among the options of a backend. */
export function creationOptions(
  options: Readonly<Record<string, unknown>>,
  base: string | undefined,
): object {
  const { model, backend } = options
  return {
    ...options,
    // Any other is a name, or an address that is whole.
    ...(typeof model === 'string' && /^\.{0,2}\//.test(model) && { model: whole(model, base) }),
    ...(backend !== undefined && {
      backend: Array.isArray(backend)
        ? backend.map((each) => wholeBackend(each, base))
        : wholeBackend(backend, base),
    }),
  }
}

/** A picture, or a list or a record of some. */
export function wholeSources(source: unknown, base: string | undefined): unknown {
  if (base === undefined) return source
  if (typeof source === 'string') return whole(source, base)
  if (Array.isArray(source)) return source.map((each) => wholeSources(each, base))
  const isRecord = Object.prototype.toString.call(source) === '[object Object]'
  // Pixels and tensors are no records of lists.
  const isPicture = ArrayBuffer.isView((source as { readonly data?: unknown } | null | undefined)?.data)
  if (!isRecord || isPicture || Symbol.asyncIterator in (source as object)) return source
  return Object.fromEntries(
    Object.entries(source as object).map(([label, each]) => [label, wholeSources(each, base)]),
  )
}

/** Options of a call over the `defaults` of its classifier: where a call says undefined, the default holds. */
export function optionsOver(
  defaults: { readonly threshold?: unknown },
  method: MethodName,
  given: unknown,
): Record<string, unknown> {
  const { threshold, ...others } = defined(defaults)
  // The threshold of `nearest` is one of similarity.
  const known = method === 'nearest' || threshold === undefined ? others : { ...others, threshold }
  return { ...known, ...defined(given ?? {}) }
}

function defined(options: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function wholeBackend(backend: unknown, base: string | undefined): unknown {
  if (Object.prototype.toString.call(backend) !== '[object Object]') return backend
  return Object.fromEntries(
    Object.entries(backend as object).map(([key, value]) => [
      key,
      (key === 'worker' || key === 'wasm') && typeof value === 'string' ? whole(value, base) : value,
    ]),
  )
}

function whole(address: string, base: string | undefined): string {
  return base !== undefined && URL.canParse(address, base) ? new URL(address, base).href : address
}
