import type { WireReader } from '@mobileone/core/protobuf-wire'
import { limits } from './limits.ts'

/** Read a map entry {1 key, 2 value}; gives the key. */
export function readEntry(reader: WireReader, readValue: (reader: WireReader) => void): string {
  let key = ''
  while (reader.next()) {
    if (reader.field === 1) key = reader.string(limits.nameBytes)
    else if (reader.field === 2) readValue(reader)
    else reader.skip()
  }
  return key
}
