import type { WireReader } from '@mobileone/core/protobuf-wire'

/** How a field of a message is to be read. */
export type FieldKind = 'int' | 'float' | 'text' | 'message'

/** The numbers of the fields of a message that are read, by kind. */
export type FieldSchema = Readonly<Partial<Record<FieldKind, readonly number[]>>>

/** The known fields of a message, by number; unknown ones are passed over. Absent ones have the defaults of proto3. */
export class Fields {
  readonly #numbers = new Map<number, number[]>()
  readonly #texts = new Map<number, string[]>()
  readonly #messages = new Map<number, WireReader[]>()

  /** @param what Names the message in errors. */
  constructor(reader: WireReader | undefined, schema: FieldSchema, what: string) {
    const kinds = new Map(
      Object.entries(schema).flatMap(([kind, fields]) =>
        fields.map((field) => [field, kind as FieldKind] as const),
      ),
    )
    while (reader?.next()) {
      const { field } = reader
      const kind = kinds.get(field)
      if (kind === 'int') reader.ints(at(this.#numbers, field))
      else if (kind === 'float') reader.floats(at(this.#numbers, field))
      else if (kind === 'text') at(this.#texts, field).push(reader.string())
      else if (kind === 'message') at(this.#messages, field).push(reader.message(what))
      else reader.skip()
    }
  }

  numbers(field: number): readonly number[] {
    return this.#numbers.get(field) ?? []
  }

  /** The last number given, 0 where there is none. */
  number(field: number): number {
    return this.numbers(field).at(-1) ?? 0
  }

  flag(field: number): boolean {
    return this.number(field) !== 0
  }

  texts(field: number): readonly string[] {
    return this.#texts.get(field) ?? []
  }

  text(field: number): string {
    return this.texts(field).at(-1) ?? ''
  }

  messages(field: number): readonly WireReader[] {
    return this.#messages.get(field) ?? []
  }

  message(field: number): WireReader | undefined {
    return this.messages(field).at(-1)
  }
}

function at<T>(map: Map<number, T[]>, field: number): T[] {
  const known = map.get(field)
  if (known) return known
  const made: T[] = []
  map.set(field, made)
  return made
}
