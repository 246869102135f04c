import type { Checkpoint } from '../checkpoint.ts'
import type { CheckpointFormat } from '../detect-format.ts'
import { readPyTorchLegacy } from './read-legacy.ts'
import { readPyTorchZip } from './read-zip.ts'

/**
 * Read a file of `torch.save`, of either format.
 * @throws MobileOneError `invalid-file` that names the byte offset and what is wrong there.
 */
export function readPyTorch(
  bytes: Uint8Array,
  format: Exclude<CheckpointFormat, 'safetensors'>,
  root: string | undefined,
): Checkpoint {
  return format === 'pytorch-zip' ? readPyTorchZip(bytes, root) : readPyTorchLegacy(bytes, root)
}
