/**
 * What is said to the Core ML helper over its standard input and output, little-endian: frames {u32 length, payload}, whose
 * first byte is the kind. It is not responsible for who is at the other end: everything that arrives is checked.
 *
 * `run` and `outputs` carry tensors: u32 count, then for each u16 length and UTF-8 of the name, u8 rank, u32 sizes, float32
 * elements. `ready` carries a u32, the version of this protocol. `failed` (the helper goes on) and `refused` (it ends)
 * carry a message in UTF-8.
 */
import { elementCount, MobileOneError, type Tensor, tensor } from '@mobileone/core'
import { littleEndian } from '../write/weight-file.ts'

export const protocolVersion = 1

export const kinds = { run: 1, ready: 2, outputs: 3, failed: 4, refused: 5 } as const

export type Reply =
  | { readonly kind: 'ready'; readonly version: number }
  | { readonly kind: 'outputs'; readonly tensors: ReadonlyMap<string, Tensor> }
  | { readonly kind: 'failed' | 'refused'; readonly message: string }

/** A frame of the kind `run` or `outputs`. The tensors are copied. */
export function encodeTensors(
  kind: number,
  tensors: Iterable<readonly [name: string, value: Tensor]>,
): Uint8Array {
  const entries = [...tensors].map(([name, value]) => ({ name: new TextEncoder().encode(name), ...value }))
  let length = 5
  for (const { name, shape, data } of entries) length += 3 + name.length + shape.length * 4 + data.length * 4
  if (length > 0xffff_ffff)
    throw new MobileOneError(
      'unsupported',
      `inputs of ${length} bytes do not fit one message to the Core ML helper`,
    )
  const bytes = new Uint8Array(4 + length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, length, true)
  view.setUint8(4, kind)
  view.setUint32(5, entries.length, true)
  let at = 9
  for (const { name, shape, data } of entries) {
    view.setUint16(at, name.length, true)
    bytes.set(name, at + 2)
    at += 2 + name.length
    view.setUint8(at, shape.length)
    at += 1
    for (const size of shape) {
      view.setUint32(at, size, true)
      at += 4
    }
    bytes.set(littleEndian(data), at)
    at += data.length * 4
  }
  return bytes
}

/** @throws MobileOneError `device-lost` where the payload is no reply. */
export function decodeReply(payload: Uint8Array): Reply {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const kind = payload[0]
  if (kind === kinds.ready && payload.length === 5) return { kind: 'ready', version: view.getUint32(1, true) }
  if (kind === kinds.outputs) return { kind: 'outputs', tensors: decodeTensors(view) }
  if (kind === kinds.failed || kind === kinds.refused) {
    const message = new TextDecoder().decode(payload.subarray(1))
    return { kind: kind === kinds.failed ? 'failed' : 'refused', message }
  }
  return garbled(`a message of ${payload.length} bytes and the kind ${kind}`)
}

function decodeTensors(view: DataView): ReadonlyMap<string, Tensor> {
  let at = 1
  const take = (count: number): number => {
    if (count > view.byteLength - at) garbled('tensors that end too early')
    at += count
    return at - count
  }
  const tensors = new Map<string, Tensor>()
  for (let left = view.getUint32(take(4), true); left > 0; left--) {
    const length = view.getUint16(take(2), true)
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + take(length), length))
    const rank = view.getUint8(take(1))
    const shape = Array.from({ length: rank }, () => view.getUint32(take(4), true))
    const count = elementCount(shape)
    const start = take(count * 4)
    const data = new Float32Array(count)
    for (let index = 0; index < count; index++) data[index] = view.getFloat32(start + index * 4, true)
    if (tensors.has(name)) garbled(`two tensors named "${name}"`)
    tensors.set(name, tensor(shape, data))
  }
  if (at !== view.byteLength) garbled(`${view.byteLength - at} bytes behind its tensors`)
  return tensors
}

function garbled(what: string): never {
  throw new MobileOneError('device-lost', `the Core ML helper answered with ${what}; compile the model again`)
}

/** Puts frames together from the pieces in which they arrive. */
export class FrameReader {
  #pieces: Uint8Array[] = []
  #length = 0
  readonly #limit: number

  /** @param limit Bytes of the largest frame that is waited for. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * The payloads that are complete with `piece`.
   * @throws MobileOneError `device-lost` for a frame that is empty or larger than the limit.
   */
  push(piece: Uint8Array): readonly Uint8Array[] {
    this.#pieces.push(piece)
    this.#length += piece.length
    const payloads: Uint8Array[] = []
    while (this.#length >= 4) {
      const head = this.#peek(4)
      const length = new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true)
      if (length === 0 || length > this.#limit) garbled(`a message that says it has ${length} bytes`)
      if (this.#length < 4 + length) break
      const frame = this.#peek(4 + length)
      payloads.push(frame.slice(4, 4 + length))
      this.#pieces = [frame.subarray(4 + length)]
      this.#length -= 4 + length
    }
    return payloads
  }

  /** What has arrived as one array, at least `count` bytes, without copying again what is one already. */
  #peek(count: number): Uint8Array {
    const [first] = this.#pieces
    if (first && first.length >= count) return first
    const all = new Uint8Array(this.#length)
    let at = 0
    for (const piece of this.#pieces) {
      all.set(piece, at)
      at += piece.length
    }
    this.#pieces = [all]
    return all
  }
}
