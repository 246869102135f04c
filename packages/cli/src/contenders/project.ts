import type { OrtLibrary } from '@mobileone/measure'
import { importPackage, named } from '../project.ts'

/**
 * ONNX Runtime as the project in the working directory has it installed.
 * @throws MobileOneError naming the package to install.
 */
export async function importOrt(name: 'onnxruntime-node' | 'onnxruntime-web'): Promise<OrtLibrary> {
  return named(await importPackage<OrtLibrary>(name), 'InferenceSession')
}
