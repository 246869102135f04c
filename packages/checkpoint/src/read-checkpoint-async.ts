import type { Checkpoint } from './checkpoint.ts'
import { detectFormat } from './detect-format.ts'
import { formKey } from './int8/layout.ts'
import type { ReadOptions } from './read-checkpoint.ts'
import { readSafetensors } from './safetensors/read.ts'

/** Which of a file's state dicts is read, and who hears what it holds. */
export interface ReadAsyncOptions extends ReadOptions {
  /** Hears, before the file is read, that it has int8 weights: of layers that are computed in integers, or weights alone. */
  readonly onInt8?: ((int8: 'layers' | 'weights') => void) | undefined
}

/**
 * As `readCheckpoint`; what reads PyTorch files and int8 weights is loaded when one is given, so that a page which is never given one
 * does not download it.
 * @throws MobileOneError `invalid-file` that names the byte offset and what is wrong there, or what the file is instead.
 */
export async function readCheckpointAsync(
  bytes: Uint8Array,
  { root, onInt8 }: ReadAsyncOptions = {},
): Promise<Checkpoint> {
  const format = detectFormat(bytes)
  if (format === 'safetensors') {
    const int8 = likelyInt8(bytes)
    if (int8) onInt8?.(int8)
    const loading = int8 && loadJoin()
    loading?.catch(() => {})
    const checkpoint = readSafetensors(bytes)
    if (!checkpoint.metadata.has(formKey)) return checkpoint
    return (await (loading ?? loadJoin())).joinLevels(checkpoint)
  }
  return (await import('./pytorch/read-pytorch.ts')).readPyTorch(bytes, format, root)
}

function loadJoin(): Promise<typeof import('./int8/join-levels.ts')> {
  return import('./int8/join-levels.ts')
}

/** What the start of the header seems to say of int8 weights, to load what reads them while the rest is read. */
function likelyInt8(bytes: Uint8Array): 'layers' | 'weights' | undefined {
  const start = new TextDecoder('latin1').decode(bytes.subarray(8, 32768))
  const found = new RegExp(`"${formKey}":"w8(a7)?"`).exec(start)
  return found ? (found[1] ? 'layers' : 'weights') : undefined
}
