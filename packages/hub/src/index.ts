export type {
  CachedWeights,
  CacheEntry,
  ClaimedPartial,
  PartialHeader,
  PartialStore,
  PartialWriter,
  WeightCache,
} from './cache.ts'
export { type DeriveOptions, derive } from './derive.ts'
export { dropCached, parseFetched } from './drop-cached.ts'
export { fetchWeights } from './fetch-weights.ts'
export { type HubFile, hubUrl, parseHubFile } from './hub-file.ts'
export { toIntegrity } from './integrity.ts'
export { isCached } from './is-cached.ts'
export { type KnownSource, knownSources } from './known-sources.ts'
export { defaultLimits } from './limits.ts'
export { openCacheStorage, openDefaultCache, openDiskCache } from './open-cache.ts'
export type { FetchedWeights, FetchWeightsOptions, WeightSource } from './options.ts'
