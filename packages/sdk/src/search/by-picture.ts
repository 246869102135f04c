import { cosineSimilarity, type ImageSource } from '@mobileone/vision'
import type { EmbedRunOptions } from '../run-options.ts'
import type { EmbeddingStore } from './embedding-store.ts'
import { type NearestOptions, type Neighbour, nearest } from './nearest.ts'

/** A picture, or the embedding of one. */
export type PictureOrEmbedding = ImageSource | Float32Array

/** What comparing pictures needs of a classifier, on whatever thread that runs. */
export interface Embedder {
  embed(image: ImageSource, options?: EmbedRunOptions): Promise<Float32Array>
}

/** See `Classifier.similarity`. */
export async function similarityOf(
  embedder: Embedder,
  a: PictureOrEmbedding,
  b: PictureOrEmbedding,
  options?: EmbedRunOptions,
): Promise<number> {
  const [first, second] = await Promise.all([
    embeddingOf(embedder, a, options),
    embeddingOf(embedder, b, options),
  ])
  return cosineSimilarity(first, second)
}

/** See `Classifier.nearest`. */
export async function nearestTo(
  embedder: Embedder,
  query: PictureOrEmbedding,
  store: EmbeddingStore,
  { k, threshold, ...picture }: NearestOptions & EmbedRunOptions = {},
): Promise<Neighbour[]> {
  return nearest(await embeddingOf(embedder, query, picture), store, {
    ...(k !== undefined && { k }),
    ...(threshold !== undefined && { threshold }),
  })
}

function embeddingOf(
  embedder: Embedder,
  given: PictureOrEmbedding,
  options?: EmbedRunOptions,
): Float32Array | Promise<Float32Array> {
  return given instanceof Float32Array ? given : embedder.embed(given, options)
}
