import { parseMetadata, readSafetensors, toFloat32, writeSafetensors } from '@mobileone/checkpoint/lazy'
import { MobileOneError } from '@mobileone/core'
import type { EmbeddingStore } from './embedding-store.ts'
import { checkStore } from './embedding-store.ts'

const key = 'mobileone.embeddings'

/**
 * The bytes of a safetensors file with a store: the tensor `embeddings` [ids, dimension] and the ids as metadata. `storage: 'float16'`
 * halves the file; scores then differ by about 1e-4.
 */
export function embeddingStoreToBytes(
  store: EmbeddingStore,
  { storage = 'float32' }: { readonly storage?: 'float32' | 'float16' } = {},
): Uint8Array {
  checkStore(store)
  const { dimension, ids, vectors } = store
  const dtype = storage === 'float16' ? 'F16' : 'F32'
  return writeSafetensors(
    new Map([['embeddings', { dtype, shape: [ids.length, dimension], data: vectors }]]),
    { [key]: JSON.stringify({ version: 1, ids }) },
  )
}

/**
 * The store in a file that {@link embeddingStoreToBytes} made.
 * @throws MobileOneError `invalid-file` for any other bytes.
 */
export function embeddingStoreFromBytes(bytes: Uint8Array): EmbeddingStore {
  const fail = (problem: string): never => {
    throw new MobileOneError('invalid-file', `this is no file of embeddings: ${problem}`)
  }
  const { tensors, metadata } = readSafetensors(bytes)
  const { version, ids } = (parseMetadata(metadata, key) ?? {}) as { version?: unknown; ids?: unknown }
  if (version !== 1) fail(`it has no metadata ${key} of version 1`)
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string') || new Set(ids).size !== ids.length) {
    return fail('it has no list of different ids')
  }
  const stored = tensors.get('embeddings')
  const [rows, dimension] = stored?.shape ?? []
  if (stored?.shape.length !== 2 || rows !== ids.length || dimension === undefined || dimension < 1) {
    return fail(`it has no tensor "embeddings" of ${ids.length} rows`)
  }
  return { dimension, ids, vectors: toFloat32(stored).slice() }
}
