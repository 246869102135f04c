import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { OrtLibrary } from '../measure/index.ts'

/**
 * ONNX Runtime as the project in the working directory has it installed.
 * @throws Error naming the package to install.
 */
export async function importOrt(name: 'onnxruntime-node' | 'onnxruntime-web'): Promise<OrtLibrary> {
  const path = resolveFrom(join(process.cwd(), 'package.json'), name) ?? resolveFrom(import.meta.url, name)
  if (path === undefined) throw new Error(`is not installed in this project: npm i ${name}`)
  const library = await import(pathToFileURL(path).href)
  return library.InferenceSession ? library : library.default
}

function resolveFrom(base: string, name: string): string | undefined {
  try {
    return createRequire(base).resolve(name)
  } catch {
    return undefined
  }
}
