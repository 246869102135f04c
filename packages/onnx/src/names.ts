/**
 * A function that gives each wanted name once: as it is, or with `_1`, `_2`, … where it is taken. An empty name, which
 * ONNX reads as "absent", becomes `unnamed`; lone surrogates, which UTF-8 cannot hold, become U+FFFD.
 */
export function uniqueNames(): (wanted: string) => string {
  const taken = new Set<string>()
  const next = new Map<string, number>()
  return (wanted) => {
    const base = wellFormed(wanted) || 'unnamed'
    let name = base
    while (taken.has(name)) {
      const count = next.get(base) ?? 1
      next.set(base, count + 1)
      name = `${base}_${count}`
    }
    taken.add(name)
    return name
  }
}

/** `text` as it reads back from UTF-8. */
export function wellFormed(text: string): string {
  if (!/[\ud800-\udfff]/.test(text)) return text
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text))
}
