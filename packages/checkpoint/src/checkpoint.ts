import { elementCount, formatShape } from '@mobileone/core'
import type { CheckpointFormat } from './detect-format.ts'
import { invalidFile } from './invalid-file.ts'
import type { StoredTensor } from './stored-tensor.ts'

/** What a weights file holds. Not responsible for what the names mean: see `modelFromCheckpoint`. */
export interface Checkpoint {
  readonly format: CheckpointFormat
  /** The path to the state dict inside a PyTorch file, for example `state_dict_ema`; empty when the file is one. */
  readonly root: string
  /** In file order. The storages are views of the bytes that were read: keep those unchanged. */
  readonly tensors: ReadonlyMap<string, StoredTensor>
  /** safetensors `__metadata__`, or the strings and numbers beside a PyTorch state dict (`epoch`, `arch`). */
  readonly metadata: ReadonlyMap<string, string>
  /** What was found and left alone: Python objects that were not built, each with its byte offset. */
  readonly notes: readonly string[]
}

/**
 * Assemble a checkpoint, after checking that all tensors together have at most two elements per byte of the file: shared
 * and broadcast storages could otherwise ask for any amount of memory.
 */
export function checkpoint(parts: Checkpoint & { readonly byteLength: number }): Checkpoint {
  const { byteLength, ...rest } = parts
  let elements = 0
  for (const [name, { shape }] of rest.tensors) {
    elements += elementCount(shape)
    if (!(elements <= 2 * byteLength)) {
      invalidFile(
        `${JSON.stringify(name)} (${formatShape(shape)}) brings the tensors to ${elements} elements, too many for a file of ` +
          `${byteLength} bytes; they share or repeat their storage, so clone them before saving`,
      )
    }
  }
  return rest
}
