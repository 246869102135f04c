import type { Random } from '../../packages/core/src/index.ts'

/** A parser under test, and how inputs for it are made. */
export interface FuzzedParser {
  readonly name: string
  /** Read the bytes all the way, as a program would. A typed error is a refusal; any other error is a fault. */
  read(bytes: Uint8Array): unknown
  /** Good files. */
  readonly samples: readonly Uint8Array[]
  /** A file made from a random plan, valid in most of its parts: what flipping bytes does not reach. */
  construct(source: Random): Uint8Array
}

/** One of `items`. */
export function pick<T>(source: Random, items: readonly T[]): T {
  return items[source.integer(0, items.length - 1)] as T
}

/** A number that a length, count or offset should not be, or a small one. */
export function hostileNumber(source: Random): number {
  return source.next() < 0.5
    ? source.integer(0, 40)
    : pick(source, [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])
}
