/**
 * A MIL weight file, version 2, little-endian: a 64-byte header {u32 count, u32 2}, then blobs. A blob is 64 bytes of
 * metadata {u32 sentinel, u32 type, u64 size, u64 offset of the data} at a multiple of 64, and its data right behind. The
 * file ends with the last byte of data.
 */

import type { MilType } from '../mil/program.ts'
import { blobAlignment, blobSentinel, blobTypes } from '../mil/wire-numbers.ts'

export class WeightFileWriter {
  readonly #blobs: { readonly code: number; readonly at: number; readonly data: Uint8Array }[] = []
  #end = blobAlignment

  /** Append a blob of a type in `blobTypes`; gives the offset of its metadata, by which programs refer to it. */
  add(dtype: MilType, data: Uint8Array): number {
    const at = Math.ceil(this.#end / blobAlignment) * blobAlignment
    this.#blobs.push({ code: blobTypes[dtype]?.code ?? 0, at, data })
    this.#end = at + blobAlignment + data.length
    return at
  }

  finish(): Uint8Array {
    const bytes = new Uint8Array(this.#end)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, this.#blobs.length, true)
    view.setUint32(4, 2, true)
    for (const { code, at, data } of this.#blobs) {
      view.setUint32(at, blobSentinel, true)
      view.setUint32(at + 4, code, true)
      view.setBigUint64(at + 8, BigInt(data.length), true)
      view.setBigUint64(at + 16, BigInt(at + blobAlignment), true)
      bytes.set(data, at + blobAlignment)
    }
    return bytes
  }
}

/** The elements as little-endian bytes; a view where the machine is little-endian. */
export function littleEndian(values: Float32Array | Uint16Array | Int8Array): Uint8Array {
  if (values.BYTES_PER_ELEMENT === 1 || machineIsLittleEndian) {
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  }
  const view = new DataView(new ArrayBuffer(values.byteLength))
  for (let index = 0; index < values.length; index++) {
    if (values instanceof Float32Array) view.setFloat32(index * 4, values[index] as number, true)
    else view.setUint16(index * 2, values[index] as number, true)
  }
  return new Uint8Array(view.buffer)
}

const machineIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
