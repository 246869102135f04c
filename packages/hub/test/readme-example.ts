import { type FetchedWeights, fetchWeights, knownSources } from '@mobileone/hub'

/** Timm's S0: downloaded once, then from the cache, and refused where it is not the file that was pinned. */
export function fetchS0(sha256?: string): Promise<FetchedWeights> {
  return fetchWeights(knownSources.s0.hub, {
    sha256,
    signal: AbortSignal.timeout(60_000),
    onProgress: ({ phase, done, total }) => console.log(phase, done, total),
  })
}
