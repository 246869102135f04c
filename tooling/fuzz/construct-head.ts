import type { Random } from '../../packages/core/src/index.ts'
import { hostileNumber, pick } from './parser.ts'

/** A sample with some values of its header, and of the JSON within its metadata, replaced. */
export function constructHead(source: Random, samples: readonly Uint8Array[]): Uint8Array {
  const sample = pick(source, samples)
  const length = Number(new DataView(sample.buffer, sample.byteOffset).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(sample.subarray(8, 8 + length))) as Record<
    string,
    unknown
  >
  const metadata = header.__metadata__ as Record<string, string>
  const part = pick(source, [0.02, 0.1])
  const changed = (value: unknown): unknown => {
    if (source.next() < part) {
      return pick<unknown>(source, [null, true, '', 'a', [], {}, [[]], -1, 0.5, 1e300, hostileNumber(source)])
    }
    if (Array.isArray(value)) return value.map(changed)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, changed(each)]))
  }
  for (const [key, text] of Object.entries(metadata)) {
    if (source.next() < 0.8) metadata[key] = JSON.stringify(changed(JSON.parse(text)))
  }
  const { __metadata__: _, ...tensors } = header
  const written = source.next() < 0.5 ? tensors : (changed(tensors) as object)
  const json = new TextEncoder().encode(JSON.stringify({ __metadata__: metadata, ...written }))
  const bytes = new Uint8Array(8 + json.length + sample.length - 8 - length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  bytes.set(sample.subarray(8 + length), 8 + json.length)
  return bytes
}
