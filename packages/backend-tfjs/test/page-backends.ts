import '@tensorflow/tfjs-backend-cpu'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import '@tensorflow/tfjs-backend-webgl'
import '@tensorflow/tfjs-backend-webgpu'
import type { Backend } from '@mobileone/core'
import * as tf from '@tensorflow/tfjs-core'
import { type TfjsBackendName, tfjs } from '../src/index.ts'

setWasmPaths('/tfjs/')

const create = (backend: TfjsBackendName) => (): Backend => tfjs({ lib: tf, backend })

/** The backends of TensorFlow.js in a page that serves the files of its wasm backend under `/tfjs/`. */
export const backends = {
  cpu: create('cpu'),
  wasm: create('wasm'),
  webgl: create('webgl'),
  webgpu: create('webgpu'),
}
