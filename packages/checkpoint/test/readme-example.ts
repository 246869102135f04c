import { readFile, writeFile } from 'node:fs/promises'
import { modelFromCheckpoint, readCheckpoint, toSafetensors } from '@mobileone/checkpoint'
import { reparameterize } from '@mobileone/core'

/** Fold a PyTorch or safetensors checkpoint and write it as safetensors that timm can load. */
export async function fold(from: string, to: string): Promise<string> {
  const checkpoint = readCheckpoint(await readFile(from))
  const model = reparameterize(modelFromCheckpoint(checkpoint, { card: { source: from } }))
  await writeFile(to, toSafetensors(model, { naming: 'timm', storage: 'float16' }))
  return `${checkpoint.format}: ${checkpoint.tensors.size} tensors in, ${Object.keys(model.weights).length} out`
}
