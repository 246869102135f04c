const reserved: ReadonlySet<string> = new Set(
  (
    'any bool program func tensor list dict tuple true false string bf16 fp16 fp32 fp64 int8 int16 int32 int64 ' +
    'uint8 uint16 uint32 uint64 state'
  ).split(' '),
)

/** True for a name that Core ML takes as an identifier: letters, digits and underscores, not a word of MIL. */
export function isIdentifier(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !reserved.has(name)
}

/** Gives out identifiers, each once: dots and other characters become underscores, a taken name gets a suffix. */
export class Names {
  readonly #taken = new Set<string>()
  readonly #counts = new Map<string, number>()

  take(name: string): string {
    const plain = name.replaceAll(/[^A-Za-z0-9_]/g, '_')
    const start = /^[A-Za-z_]/.test(plain) && !reserved.has(plain) ? plain : `_${plain}`
    let free = start
    let count = this.#counts.get(start) ?? 0
    while (this.#taken.has(free)) free = `${start}_${++count}`
    this.#counts.set(start, count)
    this.#taken.add(free)
    return free
  }
}
