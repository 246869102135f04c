import { MobileOneError } from '@mobileone/core'
import {
  type ImageModel,
  type ImageRunOptions,
  type ImageSources,
  type ItemResult,
  runAll,
  runEach,
} from './batches.ts'
import { isList } from './preprocess.ts'
import type { ImageSource } from './source.ts'

/** How a picture is prepared and run for its embedding. */
export interface EmbedOptions extends ImageRunOptions {
  /** Scale each embedding to length 1, so that a dot product is the cosine similarity. False by default. */
  readonly normalize?: boolean
}

/**
 * The embedding of one image, or a list of them in the order of a list of images. Reads the only output, or `embedding`;
 * each embedding has its own memory.
 */
export function embed(executor: ImageModel, image: ImageSource, options: EmbedOptions): Promise<Float32Array>
export function embed(
  executor: ImageModel,
  images: readonly ImageSource[],
  options: EmbedOptions,
): Promise<Float32Array[]>
export async function embed(
  executor: ImageModel,
  source: ImageSource | readonly ImageSource[],
  options: EmbedOptions,
): Promise<Float32Array | Float32Array[]> {
  const finish = (row: Float32Array): Float32Array => finished(row, options)
  const embeddings = await runAll(
    executor,
    isList(source) ? source : [source],
    options,
    ['embedding'],
    finish,
  )
  return isList(source) ? embeddings : embeddings[0]!
}

/** Embed images one by one, each with an embedding or an error of its own, as `classifyEach` does. */
export function embedEach(
  executor: ImageModel,
  images: ImageSources,
  options: EmbedOptions,
): AsyncGenerator<ItemResult<Float32Array>, void, undefined> {
  return runEach(executor, images, options, ['embedding'], (row) => finished(row, options))
}

function finished(row: Float32Array, { normalize }: EmbedOptions): Float32Array {
  return normalize ? unitLength(row) : row.slice()
}

function unitLength(embedding: Float32Array): Float32Array {
  let squares = 0
  for (const value of embedding) squares += value * value
  const length = Math.sqrt(squares)
  if (!(length > 0 && Number.isFinite(length))) {
    throw new MobileOneError(
      'invalid-input',
      'an embedding is zero or not finite and cannot be scaled to length 1',
    )
  }
  return embedding.map((value) => value / length)
}
