import type { ContenderTraits } from '@mobileone/cli/measure'

export type RuntimeName = 'chromium' | 'node'

export interface Entry extends ContenderTraits {
  readonly name: string
  /** For people: what it is. */
  readonly title: string
  /** Whose version is recorded. */
  readonly package: string
  readonly runtimes: readonly RuntimeName[]
  /** Why it cannot run there; undefined where it can. */
  refuses?(runtime: RuntimeName, threads: number): string | undefined
}

/** Everyone who is measured on the CPU. Each has a file of this name in contenders/. */
export const lineup: readonly Entry[] = [
  {
    name: 'mobileone-wasm',
    title: 'MobileOne, WebAssembly',
    package: '@mobileone/backend-wasm',
    format: 'safetensors',
    layout: 'NCHW',
    runtimes: ['chromium', 'node'],
  },
  {
    name: 'ort-wasm',
    title: 'ONNX Runtime Web, WebAssembly',
    package: 'onnxruntime-web',
    format: 'onnx',
    layout: 'NCHW',
    runtimes: ['chromium', 'node'],
  },
  {
    name: 'tfjs-wasm',
    title: 'TensorFlow.js, WebAssembly, fused operations',
    package: '@tensorflow/tfjs-backend-wasm',
    format: 'model',
    layout: 'NHWC',
    runtimes: ['chromium', 'node'],
    refuses: (runtime, threads) =>
      runtime === 'node' && threads > 1
        ? 'tfjs-backend-wasm has threads in browsers only (WASM_HAS_MULTITHREAD_SUPPORT is false in Node)'
        : undefined,
  },
  {
    name: 'litert-wasm',
    title: 'LiteRT.js, WebAssembly (XNNPACK)',
    package: '@litertjs/core',
    format: 'tflite',
    layout: 'NHWC',
    runtimes: ['chromium'],
  },
  {
    name: 'ort-node',
    title: 'ONNX Runtime, native: the yardstick',
    package: 'onnxruntime-node',
    format: 'onnx',
    layout: 'NCHW',
    runtimes: ['node'],
  },
]

/** Who is measured with `--gpu`, all in one Chromium and on the same adapter. */
export const gpuLineup: readonly Entry[] = [
  {
    name: 'mobileone-webgpu',
    title: 'MobileOne, WebGPU',
    package: '@mobileone/backend-webgpu',
    format: 'safetensors',
    layout: 'NCHW',
    runtimes: ['chromium'],
  },
  {
    name: 'ort-webgpu',
    title: 'ONNX Runtime Web, the execution provider webgpu',
    package: 'onnxruntime-web',
    format: 'onnx',
    layout: 'NCHW',
    runtimes: ['chromium'],
  },
  {
    name: 'tfjs-webgpu',
    title: 'TensorFlow.js, WebGPU, fused operations',
    package: '@tensorflow/tfjs-backend-webgpu',
    format: 'model',
    layout: 'NHWC',
    runtimes: ['chromium'],
  },
]
