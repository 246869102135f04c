import { random } from '@mobileone/core'

/**
 * A seed of 32 bits that depends on every bit of `parts`, in order: the block step and the finaliser of MurmurHash3
 * (Appleby, public domain). Random numbers of an example come from (seed, epoch, position) and from nothing before it.
 */
export function deriveSeed(...parts: readonly number[]): number {
  let hash = parts.length
  for (const part of parts) {
    hash = mix(hash, part >>> 0)
    hash = mix(hash, Math.floor(part / 4294967296) >>> 0)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function mix(hash: number, block: number): number {
  let k = Math.imul(block, 0xcc9e2d51)
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  const mixed = hash ^ k
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

/** `values` in random order, in place (Fisher and Yates, in Durstenfeld's form). */
export function shuffle<T extends { readonly length: number; [index: number]: number }>(
  values: T,
  seed: number,
): T {
  const { integer } = random(seed)
  for (let last = values.length - 1; last > 0; last--) {
    const chosen = integer(0, last)
    const value = values[last]!
    values[last] = values[chosen]!
    values[chosen] = value
  }
  return values
}
