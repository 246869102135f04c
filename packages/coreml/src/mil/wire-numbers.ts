/** Numbers of the formats, as facts of the wire: MILSpec.DataType, BlobDataType, ArrayFeatureType and colour spaces. */
import type { MilType } from './program.ts'

export const dataTypeNumbers: Readonly<Record<MilType, number>> = {
  bool: 1,
  string: 2,
  fp16: 10,
  fp32: 11,
  fp64: 12,
  int8: 21,
  int16: 22,
  int32: 23,
  int64: 24,
  uint8: 31,
  uint16: 32,
  uint32: 33,
  int4: 25,
  uint1: 37,
  uint2: 36,
  uint3: 39,
  uint4: 35,
  uint6: 38,
}

/** Element types of weight files, with the bytes of one element. */
export const blobTypes: Readonly<
  Partial<Record<MilType, { readonly code: number; readonly bytes: number }>>
> = {
  fp16: { code: 1, bytes: 2 },
  fp32: { code: 2, bytes: 4 },
  uint8: { code: 3, bytes: 1 },
  int8: { code: 4, bytes: 1 },
}

export const arrayTypeNumbers: Readonly<Partial<Record<MilType, number>>> = {
  fp32: 65568,
  fp64: 65600,
  int32: 131104,
  fp16: 65552,
  int8: 131080,
}

export const colorSpaceNumbers = {
  none: 0,
  grayscale: 10,
  rgb: 20,
  bgr: 30,
  'grayscale-fp16': 40,
} as const

export const weightFile = '@model_path/weights/weight.bin'
export const blobAlignment = 64
export const blobSentinel = 0xdeadbeef

/** The types by their numbers, to read what a file says. */
export const dataTypes: ReadonlyMap<number, MilType> = byNumber(dataTypeNumbers)
export const arrayTypes: ReadonlyMap<number, MilType> = byNumber(arrayTypeNumbers)
export const colorSpaces: ReadonlyMap<number, keyof typeof colorSpaceNumbers> = byNumber(colorSpaceNumbers)

function byNumber<K extends string>(numbers: Readonly<Partial<Record<K, number>>>): ReadonlyMap<number, K> {
  return new Map(Object.entries(numbers).map(([name, number]) => [number as number, name as K]))
}
