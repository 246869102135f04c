const counted = [
  'Uint8Array',
  'Int8Array',
  'Uint16Array',
  'Int16Array',
  'Uint32Array',
  'Int32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
] as const

/**
 * Run `action` with every typed array constructor replaced by one that counts: the bytes of all arrays that own their
 * memory, views of a buffer excluded.
 */
export function allocatedBy(action: () => void): number {
  const scope = globalThis as unknown as Record<string, new (...args: unknown[]) => ArrayBufferView>
  const originals = counted.map((name) => scope[name]!)
  let bytes = 0
  for (const [index, name] of counted.entries()) {
    scope[name] = new Proxy(originals[index]!, {
      construct(target, args, newTarget) {
        const made = Reflect.construct(target, args, newTarget) as ArrayBufferView
        if (!(args[0] instanceof ArrayBuffer)) bytes += made.byteLength
        return made
      },
    })
  }
  try {
    action()
  } finally {
    for (const [index, name] of counted.entries()) scope[name] = originals[index]!
  }
  return bytes
}
