/**
 * The same functions for pages, without `readCheckpoint`: bundlers put what an entry imports statically into its first download, and
 * here the reader of PyTorch files is loaded when a file needs it.
 */

export type { ModelFromCheckpointOptions } from './model-from-checkpoint.ts'
export { modelFromCheckpoint } from './model-from-checkpoint.ts'
export type { NamingName } from './naming/namings.ts'
export { readCheckpointAsync } from './read-checkpoint-async.ts'
export { type ToSafetensorsOptions, toSafetensors } from './to-safetensors.ts'
