import { MobileOneError } from '@mobileone/core'

/** Embeddings by id: plain data, for `structuredClone`, IndexedDB, `postMessage` or a file. */
export interface EmbeddingStore {
  /** Numbers an embedding has. */
  readonly dimension: number
  readonly ids: readonly string[]
  /** [ids.length, dimension], row-major: the embedding of each id, scaled to length 1. */
  readonly vectors: Float32Array
}

/** One row of a store: what identifies it, and its embedding [C]. */
export type EmbeddingEntry = readonly [id: string, embedding: Float32Array]

/**
 * Keep embeddings to search them: `createEmbeddingStore([['cat.jpg', await classifier.embed('cat.jpg')]])`. A later entry takes the place
 * of an earlier one of its id.
 * @throws MobileOneError `invalid-argument` for no entries, or embeddings of different lengths, zero or not finite.
 */
export function createEmbeddingStore(entries: Iterable<EmbeddingEntry>): EmbeddingStore {
  const list = [...entries]
  const [first] = list
  if (!first) {
    throw new MobileOneError('invalid-argument', 'createEmbeddingStore: give at least one [id, embedding]')
  }
  return addEmbeddings({ dimension: first[1].length, ids: [], vectors: new Float32Array() }, list)
}

/**
 * A store with these embeddings too, those of an id it has in their place. Copies the store: add many at a time.
 * @throws MobileOneError `invalid-argument` for an embedding of another length, zero or not finite.
 */
export function addEmbeddings(store: EmbeddingStore, entries: Iterable<EmbeddingEntry>): EmbeddingStore {
  checkStore(store)
  const { dimension } = store
  const rows = new Map(store.ids.map((id, row) => [id, row]))
  const changes = new Map<number, EmbeddingEntry>()
  for (const entry of entries) {
    const row = rows.get(entry[0]) ?? rows.size
    rows.set(entry[0], row)
    changes.set(row, entry)
  }
  const vectors = new Float32Array(rows.size * dimension)
  vectors.set(store.vectors)
  for (const [row, [id, embedding]] of changes) {
    if (embedding.length !== dimension) {
      throw new MobileOneError(
        'invalid-argument',
        `the embedding of ${JSON.stringify(id)} has ${embedding.length} numbers, those of the store ${dimension}; keep embeddings of one model`,
      )
    }
    const length = Math.sqrt(embedding.reduce((sum, value) => sum + value * value, 0))
    if (!(length > 0 && Number.isFinite(length))) {
      throw new MobileOneError(
        'invalid-argument',
        `the embedding of ${JSON.stringify(id)} is zero or not finite`,
      )
    }
    for (let i = 0; i < dimension; i++) vectors[row * dimension + i] = embedding[i]! / length
  }
  return { dimension, ids: [...rows.keys()], vectors }
}

/** A store without the embeddings of these ids; ids it does not have change nothing. */
export function removeEmbeddings(store: EmbeddingStore, ids: Iterable<string>): EmbeddingStore {
  checkStore(store)
  const { dimension } = store
  const gone = new Set(ids)
  const kept = store.ids.flatMap((id, row) => (gone.has(id) ? [] : row))
  const vectors = new Float32Array(kept.length * dimension)
  for (const [to, from] of kept.entries()) {
    vectors.set(store.vectors.subarray(from * dimension, (from + 1) * dimension), to * dimension)
  }
  return { dimension, ids: kept.map((row) => store.ids[row] as string), vectors }
}

/** @throws MobileOneError `invalid-argument` where `ids` and `vectors` do not fit each other. */
export function checkStore({ dimension, ids, vectors }: EmbeddingStore): void {
  if (!Number.isSafeInteger(dimension) || dimension < 1 || vectors.length !== ids.length * dimension) {
    throw new MobileOneError(
      'invalid-argument',
      `a store of ${ids.length} embeddings of ${dimension} numbers has ${vectors.length} in all; make it with createEmbeddingStore`,
    )
  }
}
