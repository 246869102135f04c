/**
 * The same functions for pages, without `readCheckpoint`: bundlers put what an entry imports statically into its first download, and
 * here the reader of PyTorch files is loaded when a file needs it.
 */

export type { NetworkLibrary } from './architecture/network-library.ts'
export type { Checkpoint } from './checkpoint.ts'
export { cardMetadata, isPreprocess, parseMetadata, readCard } from './metadata.ts'
export { holdsMobileOne, modelFromCheckpoint } from './model-from-checkpoint.ts'
export type { ModelFromCheckpointOptions } from './model-options.ts'
export type { NamingName } from './naming/namings.ts'
export { type ReadAsyncOptions, readCheckpointAsync } from './read-checkpoint-async.ts'
export { readSafetensors } from './safetensors/read.ts'
export { type WritableTensor, writeSafetensors } from './safetensors/write.ts'
export { type StoredTensor, toFloat32 } from './stored-tensor.ts'
export { toFloatSafetensors } from './to-float-safetensors.ts'
export { type ToSafetensorsOptions, toSafetensors } from './to-safetensors.ts'
