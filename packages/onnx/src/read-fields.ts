import type { WireReader } from '@mobileone/core/protobuf-wire'

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
  const fields = new Map(Object.entries(schema).map(([key, field]) => [field.number, { key, field }]))
  const values: Record<string, unknown> = {}
  for (const { key, field } of fields.values()) values[key] = field.empty()
  while (reader.next()) {
    const known = fields.get(reader.field)
    if (known) values[known.key] = known.field.read(reader, values[known.key])
    else reader.skip()
  }
  return values as Values<S>
}

export const int = (number: number): Field<number> => single(number, 0, (reader) => reader.int())
export const text = (number: number): Field<string> => single(number, '', (reader) => reader.string())

/** A field whose absence means something. */
export const optional = <T>(number: number, read: (reader: WireReader) => T): Field<T | undefined> =>
  single(number, undefined, read)

export const ints = (number: number): Field<number[]> => list(number, (reader, to) => reader.ints(to))
export const floats = (number: number): Field<number[]> => list(number, (reader, to) => reader.floats(to))
export const doubles = (number: number): Field<number[]> => list(number, (reader, to) => reader.doubles(to))
export const texts = (number: number): Field<string[]> =>
  list(number, (reader, to) => to.push(reader.string()))

/** @param what Names the message in errors. */
export const message = <T>(
  number: number,
  what: string,
  decode: (reader: WireReader) => T,
): Field<T | undefined> => optional(number, (reader) => decode(reader.message(what)))

/** @param what Names each message in errors, with its place in the list. */
export const messages = <T>(number: number, what: string, decode: (reader: WireReader) => T): Field<T[]> =>
  list(number, (reader, to) => to.push(decode(reader.message(`${what} ${to.length}`))))

function single<T>(number: number, empty: T, read: (reader: WireReader) => T): Field<T> {
  return { number, empty: () => empty, read }
}

function list<T>(number: number, add: (reader: WireReader, to: T[]) => void): Field<T[]> {
  return {
    number,
    empty: () => [],
    read(reader, to) {
      add(reader, to)
      return to
    },
  }
}
