import { MobileOneError } from '@mobileone/core'
import type { Backbone } from './backbone.ts'

/** @throws MobileOneError `invalid-input` unless `embedding` is one of `backbone`, and finite. */
export function checkEmbedding(embedding: unknown, { name, features }: Backbone, what: string): void {
  const fail = (problem: string): never => {
    throw new MobileOneError('invalid-input', `${what} ${problem}`)
  }
  if (!(embedding instanceof Float32Array)) fail('must be a Float32Array, as embed gives it')
  else if (embedding.length !== features) {
    fail(`has ${embedding.length} elements, but "${name}" gives ${features}; embed with the head's backbone`)
  } else if (!embedding.every(Number.isFinite)) fail("is not finite; check the model's weights")
}

/** @throws MobileOneError `invalid-input` where all embeddings are scaled to length 1: a head on these fits no backbone. */
export function refuseUnitLength(embeddings: readonly Float32Array[]): void {
  const isUnit = (embedding: Float32Array): boolean =>
    Math.abs(embedding.reduce((sum, value) => sum + value * value, 0) - 1) < 1e-3
  if (embeddings.every(isUnit)) {
    throw new MobileOneError(
      'invalid-input',
      'the embeddings are all scaled to length 1, but a head sees them as the backbone gives them; embed without normalize',
    )
  }
}
