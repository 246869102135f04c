/** `@mobileone/checkpoint/architectures`: checkpoints of networks whose layers are given, by the names of their weights. */
export type {
  Architecture,
  ArchitectureNaming,
  ArchitectureOptions,
} from './architecture/architecture.ts'
export { modelOfArchitecture } from './architecture/model-of-architecture.ts'
export type { NetworkLibrary } from './architecture/network-library.ts'
