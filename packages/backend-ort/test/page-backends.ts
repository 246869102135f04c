import type { Backend } from '@mobileone/core'
import { ort } from '../src/index.ts'

const wasmPaths = new URL('/ort/', location.href).href

/** The execution providers of onnxruntime-web in a page that serves its files under `/ort/`. */
export const backends = {
  wasm: (): Backend =>
    ort({
      lib: () => import('onnxruntime-web/wasm'),
      executionProviders: ['wasm'],
      numThreads: 1,
      wasmPaths,
    }),
  webgpu: (): Backend =>
    ort({ lib: () => import('onnxruntime-web/webgpu'), executionProviders: ['webgpu'], wasmPaths }),
}
