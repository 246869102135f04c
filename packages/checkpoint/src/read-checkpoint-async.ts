import type { Checkpoint } from './checkpoint.ts'
import { detectFormat } from './detect-format.ts'
import { formKey } from './int8/layout.ts'
import type { ReadOptions } from './read-checkpoint.ts'
import { readSafetensors } from './safetensors/read.ts'

/**
 * As `readCheckpoint`; what reads PyTorch files and int8 weights is loaded when one is given, so that a page which is never given one
 * does not download it.
 * @throws MobileOneError `invalid-file` that names the byte offset and what is wrong there, or what the file is instead.
 */
export async function readCheckpointAsync(bytes: Uint8Array, options: ReadOptions = {}): Promise<Checkpoint> {
  const format = detectFormat(bytes)
  if (format === 'safetensors') {
    const checkpoint = readSafetensors(bytes)
    if (!checkpoint.metadata.has(formKey)) return checkpoint
    return (await import('./int8/join-levels.ts')).joinLevels(checkpoint)
  }
  return (await import('./pytorch/read-pytorch.ts')).readPyTorch(bytes, format, options.root)
}
