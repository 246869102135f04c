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
    const form = likelyForm(bytes)
    if (form) onInt8?.(form === 'w8' ? 'weights' : 'layers')
    const loading = form === undefined ? undefined : loadJoin()
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

/** The form of int8 weights that the start of the header seems to name, to load what reads them while the rest is read. */
function likelyForm(bytes: Uint8Array): string | undefined {
  const start = new TextDecoder('latin1').decode(bytes.subarray(8, 32768))
  return new RegExp(`"${formKey}":"(\\w+)"`).exec(start)?.[1]
}
