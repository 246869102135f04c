export type { NetworkLibrary } from './architecture/network-library.ts'
export type { Checkpoint } from './checkpoint.ts'
export { type CheckpointFormat, detectOtherFormat } from './detect-format.ts'
export { safetensors } from './exporter.ts'
export type { Strides } from './infer-config.ts'
export {
  holdsMobileOne,
  type Inspected,
  inspectCheckpoint,
  modelFromCheckpoint,
} from './model-from-checkpoint.ts'
export type { ModelFromCheckpointOptions } from './model-options.ts'
export { type Naming, type NamingName, namings, type Part } from './naming/namings.ts'
export { type ReadOptions, readCheckpoint } from './read-checkpoint.ts'
export { type ReadAsyncOptions, readCheckpointAsync } from './read-checkpoint-async.ts'
export { type WritableTensor, writeSafetensors } from './safetensors/write.ts'
export { type StoredDType, type StoredTensor, toFloat32 } from './stored-tensor.ts'
export { type ToSafetensorsOptions, toSafetensors } from './to-safetensors.ts'
