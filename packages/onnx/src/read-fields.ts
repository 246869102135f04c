import type { WireReader } from '@mobileone/core/protobuf-wire'
import { limits } from './limits.ts'

/** A field of a message: its value where it is absent, and the value after each time it occurs. */
export interface Field<T> {
  readonly number: number
  empty(): T
  read(reader: WireReader, before: T): T
}

type Values<S> = { readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never }

/** The fields of a message that `schema` names. Others are passed over. */
export function readFields<S extends Readonly<Record<string, Field<unknown>>>>(
  reader: WireReader,
  schema: S,
): Values<S> {
  const values: Record<string, unknown> = {}
  for (const key in schema) values[key] = schema[key]?.empty()
  const keys = Object.keys(schema)
  while (reader.next()) {
    const known = keys.find((key) => schema[key]?.number === reader.field)
    if (known === undefined) reader.skip()
    else values[known] = schema[known]?.read(reader, values[known])
  }
  return values as Values<S>
}

export const int = (number: number): Field<number> => single(number, 0, (reader) => reader.int())
/** @param most Bytes it may have: those of a name unless it is prose. */
export const text = (number: number, most: number = limits.nameBytes): Field<string> =>
  single(number, '', (reader) => reader.string(most))

/** A field whose absence means something. */
export const optional = <T>(number: number, read: (reader: WireReader) => T): Field<T | undefined> =>
  single(number, undefined, read)

export const ints = (number: number): Field<number[]> => list(number, (reader, to) => reader.ints(to))
export const floats = (number: number): Field<number[]> => list(number, (reader, to) => reader.floats(to))
export const doubles = (number: number): Field<number[]> => list(number, (reader, to) => reader.doubles(to))
export const texts = (number: number): Field<string[]> =>
  list(number, (reader, to) => to.push(reader.string(limits.nameBytes)))

/** @param what Names the message in errors. */
export const message = <T>(
  number: number,
  what: string,
  decode: (reader: WireReader) => T,
): Field<T | undefined> => optional(number, (reader) => decode(reader.message(what)))

/** @param what Names each message in errors, with its place in the list. @param most How many there may be. */
export const messages = <T>(
  number: number,
  what: string,
  decode: (reader: WireReader) => T,
  most: number = Number.POSITIVE_INFINITY,
): Field<T[]> =>
  list(number, (reader, to) => {
    if (to.length >= most) reader.fail(`more than ${most} messages for ${what}s`)
    to.push(decode(reader.message(`${what} ${to.length}`)))
  })

function single<T>(number: number, empty: T, read: (reader: WireReader) => T): Field<T> {
  return { number, empty: () => empty, read }
}

function list<T>(number: number, add: (reader: WireReader, to: T[]) => void): Field<T[]> {
  return {
    number,
    // Most lists of a file are empty, and share one.
    empty: () => none,
    read(reader, before) {
      const to = before === none ? [] : before
      add(reader, to)
      return to
    },
  }
}

const none = Object.freeze([]) as unknown as never[]
