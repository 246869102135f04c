import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { loadDeployModel } from '@mobileone/sdk'
import { exportModel } from '@mobileone/sdk/export'

/** Weights as an ONNX file for a server and as a Core ML package for an app, with the Swift file that loads it. */
export async function ship(weights: string | URL | Blob, folder: string): Promise<void> {
  const model = await loadDeployModel(weights)
  const files = [
    ...(await exportModel(model, 'onnx', { softmax: true, dynamicBatch: true })),
    ...(await exportModel(model, 'coreml', { fileName: 'Clothes.mlpackage', swift: true })),
  ]
  for (const { path, bytes } of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
}
