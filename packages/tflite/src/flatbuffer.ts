import type { Builder, Offset } from 'flatbuffers'

/** A field of a table by its number in the schema; `undefined` leaves the default. */
export type Field =
  | {
      readonly type: 'bool' | 'int8' | 'uint8' | 'int32' | 'uint32' | 'float32'
      readonly value: number
    }
  | { readonly type: 'offset'; readonly value: Offset }
  | undefined

export const int8 = (value: number): Field => ({ type: 'int8', value })
export const uint8 = (value: number): Field => ({ type: 'uint8', value })
export const int32 = (value: number): Field => ({ type: 'int32', value })
export const uint32 = (value: number): Field => ({ type: 'uint32', value })
export const float32 = (value: number): Field => ({ type: 'float32', value })
export const bool = (value: boolean): Field => ({ type: 'bool', value: Number(value) })
export const ref = (value: Offset): Field => ({ type: 'offset', value })

/** Write a table; the position of a field in `fields` is its number. Offsets must have been written before. */
export function table(builder: Builder, fields: readonly Field[]): Offset {
  builder.startObject(fields.length)
  for (const [slot, field] of fields.entries()) {
    if (!field) continue
    switch (field.type) {
      case 'bool':
      case 'int8':
      case 'uint8':
        builder.addFieldInt8(slot, field.value, Number.NaN)
        break
      case 'int32':
      case 'uint32':
        builder.addFieldInt32(slot, field.value, Number.NaN)
        break
      case 'float32':
        builder.addFieldFloat32(slot, field.value, Number.NaN)
        break
      case 'offset':
        builder.addFieldOffset(slot, field.value, 0)
        break
      default:
        field satisfies never
    }
  }
  return builder.endObject()
}

/** A vector of tables or strings. */
export function offsets(builder: Builder, values: readonly Offset[]): Offset {
  builder.startVector(4, values.length, 4)
  for (const value of [...values].reverse()) builder.addOffset(value)
  return builder.endVector()
}

/** A vector of int32. */
export function ints(builder: Builder, values: readonly number[]): Offset {
  builder.startVector(4, values.length, 4)
  for (const value of [...values].reverse()) builder.addInt32(value)
  return builder.endVector()
}

/** A vector of float32. */
export function floats(builder: Builder, values: ArrayLike<number>): Offset {
  builder.startVector(4, values.length, 4)
  for (const value of Array.from(values).reverse()) builder.addFloat32(value)
  return builder.endVector()
}

/** A vector of int64, each within the whole numbers of float64. */
export function longs(builder: Builder, values: ArrayLike<number>): Offset {
  builder.startVector(8, values.length, 8)
  for (const value of Array.from(values).reverse()) builder.addInt64(BigInt(value))
  return builder.endVector()
}

/** A vector of bytes that begins at a multiple of 16, as TFLite wants its tensors. */
export function bytes(builder: Builder, data: Uint8Array): Offset {
  builder.prep(16, data.length)
  return builder.createByteVector(data)
}
