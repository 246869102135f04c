import type { Checkpoint } from './checkpoint.ts'
import { detectFormat } from './detect-format.ts'
import { joinLevels } from './int8/join-levels.ts'
import { readPyTorch } from './pytorch/read-pytorch.ts'
import { readSafetensors } from './safetensors/read.ts'

/** Which of a file's state dicts is read. */
export interface ReadOptions {
  /**
   * The path to the state dict inside a PyTorch file, keys joined by dots: `model` rather than `model_ema`, say. Left out, averaged
   * weights are preferred where the file has both.
   */
  readonly root?: string
}

/**
 * Read a safetensors or PyTorch file, whichever it is. Nothing in the file is run, and tensors are views of `bytes`, not copies.
 * Weights that `toSafetensors` wrote in int8 have their `levels`, and not the parts beside them.
 * @throws MobileOneError `invalid-file` that names the byte offset and what is wrong there, or what the file is instead.
 */
export function readCheckpoint(bytes: Uint8Array, options: ReadOptions = {}): Checkpoint {
  const format = detectFormat(bytes)
  return format === 'safetensors'
    ? joinLevels(readSafetensors(bytes))
    : readPyTorch(bytes, format, options.root)
}
