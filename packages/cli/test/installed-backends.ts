import { dirname } from 'node:path'
import { vulkanDriver } from '@mobileone/testkit'
import { openProject, type Project } from './program.ts'

/** The environment of WebGPU without a GPU: the software driver and the loader that lie with Chromium. */
export const softwareVulkan: Readonly<Record<string, string>> = {
  VK_ICD_FILENAMES: vulkanDriver,
  LD_LIBRARY_PATH: dirname(vulkanDriver),
}

/** A row of `doctor --json`. */
export interface FoundBackend {
  readonly backend: string
  readonly flags: string
  readonly ok: boolean
  readonly features: string[]
  readonly reason?: string
}

/** A project that has installed what every backend needs. */
export function openProjectWithBackends(): Promise<Project> {
  return openProject({
    'backend-webgpu': ['webgpu'],
    'backend-ort': ['onnxruntime-node', 'onnxruntime-web'],
    'backend-tfjs': [
      '@tensorflow/tfjs-core',
      '@tensorflow/tfjs-backend-wasm',
      '@tensorflow/tfjs-backend-cpu',
    ],
  })
}
