/** What its owner gave away. */
export const given: WeakSet<object> = new WeakSet()

/**
 * Give `value` away: a VideoFrame, an ImageBitmap or a buffer, or pixels or a tensor with one, moves to the worker with the next call
 * that it is passed to, without a copy, and is of no use here after it. Returns `value`.
 */
export function transfer<T extends object>(value: T): T {
  const { data } = value as { readonly data?: unknown }
  given.add(ArrayBuffer.isView(data) ? data : value)
  return value
}
