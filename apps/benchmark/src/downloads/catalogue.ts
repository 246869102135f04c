/** The pages whose files are counted: each a program of `pages/`, as someone who takes this runtime would write it. */

/** A file of the network in the format that a page reads. */
export type ModelFile = 's0.safetensors' | 's0.onnx' | 's0.json' | 's0.tflite' | 's0-image.tflite'

export interface DownloadPage {
  /** Its program in `pages/`. */
  readonly name: string
  readonly title: string
  /** What it has beside the network: pixels and scores are the page's own work, or the package's. */
  readonly does: 'picture to label' | 'picture to class' | 'tensor to scores'
  /** Whose files it serves; the first is the one that the page is about. */
  readonly packages: readonly [string, ...string[]]
  readonly model: ModelFile
  readonly usesGpu?: boolean
}

export const downloadPages: readonly DownloadPage[] = [
  {
    name: 'sdk',
    title: 'MobileOne, `createClassifier`',
    does: 'picture to label',
    packages: ['@mobileone/sdk'],
    model: 's0.safetensors',
  },
  {
    name: 'sdk-worker',
    title: 'MobileOne, `createWorkerClassifier`',
    does: 'picture to label',
    packages: ['@mobileone/sdk'],
    model: 's0.safetensors',
  },
  {
    name: 'sdk-webgpu',
    title: 'MobileOne, `createClassifier` on WebGPU',
    does: 'picture to label',
    packages: ['@mobileone/sdk', '@mobileone/backend-webgpu'],
    model: 's0.safetensors',
    usesGpu: true,
  },
  {
    name: 'mediapipe',
    title: 'MediaPipe, `ImageClassifier`',
    does: 'picture to class',
    packages: ['@mediapipe/tasks-vision'],
    model: 's0-image.tflite',
  },
  {
    name: 'backend-wasm',
    title: 'MobileOne, `wasm()`',
    does: 'tensor to scores',
    packages: ['@mobileone/backend-wasm', '@mobileone/checkpoint', '@mobileone/core'],
    model: 's0.safetensors',
  },
  {
    name: 'onnxruntime-wasm',
    title: 'ONNX Runtime Web, WebAssembly',
    does: 'tensor to scores',
    packages: ['onnxruntime-web'],
    model: 's0.onnx',
  },
  {
    name: 'onnxruntime-webgpu',
    title: 'ONNX Runtime Web, WebGPU',
    does: 'tensor to scores',
    packages: ['onnxruntime-web'],
    model: 's0.onnx',
    usesGpu: true,
  },
  {
    name: 'tfjs-wasm',
    title: 'TensorFlow.js, WebAssembly',
    does: 'tensor to scores',
    packages: ['@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-core', '@tensorflow/tfjs-converter'],
    model: 's0.json',
  },
  {
    name: 'tfjs-webgpu',
    title: 'TensorFlow.js, WebGPU',
    does: 'tensor to scores',
    packages: ['@tensorflow/tfjs-backend-webgpu', '@tensorflow/tfjs-core', '@tensorflow/tfjs-converter'],
    model: 's0.json',
    usesGpu: true,
  },
  {
    name: 'litert',
    title: 'LiteRT.js, WebAssembly',
    does: 'tensor to scores',
    packages: ['@litertjs/core'],
    model: 's0.tflite',
  },
]
