import { MobileOneError } from '@mobileone/core'
import type { Backbone } from './backbone.ts'

/** Between what storage does to a fingerprint and what training does. */
const tolerance = 0.1

/**
 * @param found Where the head is to run; undefined for a model without embeddings.
 * @param wanted What it was fitted on.
 * @throws MobileOneError `unsupported` without embeddings, `invalid-argument` where the two differ.
 */
export function checkBackbone(found: Backbone | undefined, wanted: Backbone): void {
  if (!found) {
    throw new MobileOneError(
      'unsupported',
      'this model does not end in a linear layer, so it has no embedding to put a head on',
    )
  }
  const fail = (difference: string, remedy: string): never => {
    throw new MobileOneError(
      'invalid-argument',
      `the head was fitted on "${wanted.name}", which ${difference}; ${remedy}`,
    )
  }
  if (wanted.features !== found.features) {
    fail(
      `gives ${wanted.features} features, but "${found.name}" gives ${found.features}`,
      'use it on its own backbone, or fit it again on this one',
    )
  }
  const distance = Math.hypot(...wanted.fingerprint.map((value, i) => value - found.fingerprint[i]!))
  if (!(distance < tolerance)) {
    fail(
      `has other weights than this "${found.name}"`,
      'use it on the weights it was fitted on, or fit it again on these',
    )
  }
  const [a, b] = [wanted.preprocess, found.preprocess].map(({ size, mean, std }) => [
    ...size,
    ...mean,
    ...std,
  ])
  if (a!.length !== b!.length || a!.some((value, i) => Math.abs(value - b![i]!) > 1e-6)) {
    fail(
      'had pictures of another size, mean or std',
      'prepare pictures as there, with the option preprocess, or fit it again',
    )
  }
}
