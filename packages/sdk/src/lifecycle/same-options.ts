/**
 * True where two values of options mean the same: plain objects, lists and URLs by what is in them, all else (bytes, Blobs, elements)
 * by identity. Functions count as the same, since programs write them anew each time.
 */
export function sameOptions(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || (typeof a === 'function' && typeof b === 'function')) return true
  if (a instanceof URL && b instanceof URL) return a.href === b.href
  if (!(isList(a) && isList(b)) && !(isPlain(a) && isPlain(b))) return false
  const [left, right] = [a, b] as Record<string, unknown>[]
  return Object.keys({ ...left, ...right }).every((key) => sameOptions(left?.[key], right?.[key]))
}

const isList = (value: unknown): value is object => Array.isArray(value)

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
