import { type ContenderTraits, foreignTraits } from '@mobileone/measure'

export type RuntimeName = 'chromium' | 'node'

export interface Entry extends ContenderTraits {
  readonly name: string
  /** For people: what it is. */
  readonly title: string
  /** For a line of a table or a plot. */
  readonly short: string
  /** Whose version is recorded. */
  readonly package: string
  readonly runtimes: readonly RuntimeName[]
  /** Computes on WebGPU: what it asks of it is counted. */
  readonly usesGpu?: boolean
  /** How far it may be from the reference, over that one's largest value. Default: as the harness has it. */
  readonly tolerance?: number
  /** Why it cannot run there; undefined where it can. */
  refuses?(runtime: RuntimeName, threads: number): string | undefined
}

/** Everyone who is measured on the CPU. Each has a file of this name in contenders/. */
export const lineup: readonly Entry[] = [
  {
    name: 'mobileone-wasm',
    title: 'MobileOne, WebAssembly',
    short: 'MobileOne, wasm',
    package: '@mobileone/backend-wasm',
    format: 'safetensors',
    layout: 'NCHW',
    runtimes: ['chromium', 'node'],
  },
  {
    ...foreignTraits['ort-wasm'],
    name: 'ort-wasm',
    title: 'ONNX Runtime Web, WebAssembly',
    short: 'ONNX Runtime Web, wasm',
    package: 'onnxruntime-web',
    runtimes: ['chromium', 'node'],
  },
  {
    ...foreignTraits['tfjs-wasm'],
    name: 'tfjs-wasm',
    title: 'TensorFlow.js, WebAssembly, fused operations',
    short: 'TensorFlow.js, wasm',
    package: '@tensorflow/tfjs-backend-wasm',
    runtimes: ['chromium', 'node'],
    refuses: (runtime, threads) =>
      runtime === 'node' && threads > 1
        ? 'tfjs-backend-wasm has threads in browsers only (WASM_HAS_MULTITHREAD_SUPPORT is false in Node)'
        : undefined,
  },
  {
    ...foreignTraits['litert-wasm'],
    name: 'litert-wasm',
    title: 'LiteRT.js, WebAssembly (XNNPACK)',
    short: 'LiteRT.js, wasm',
    package: '@litertjs/core',
    runtimes: ['chromium'],
  },
  {
    ...foreignTraits['ort-node'],
    name: 'ort-node',
    title: 'ONNX Runtime, native: the yardstick',
    short: 'ONNX Runtime, native',
    package: 'onnxruntime-node',
    runtimes: ['node'],
  },
]

/** Who is measured with `--gpu`, all in one Chromium and on the same adapter. */
export const gpuLineup: readonly Entry[] = [
  {
    name: 'mobileone-webgpu',
    title: 'MobileOne, WebGPU',
    short: 'MobileOne, WebGPU',
    usesGpu: true,
    package: '@mobileone/backend-webgpu',
    format: 'safetensors',
    layout: 'NCHW',
    runtimes: ['chromium'],
  },
  {
    ...foreignTraits['ort-webgpu'],
    name: 'ort-webgpu',
    title: 'ONNX Runtime Web, the execution provider webgpu',
    short: 'ONNX Runtime Web, WebGPU',
    usesGpu: true,
    package: 'onnxruntime-web',
    runtimes: ['chromium'],
  },
  {
    ...foreignTraits['tfjs-webgpu'],
    name: 'tfjs-webgpu',
    title: 'TensorFlow.js, WebGPU, fused operations',
    short: 'TensorFlow.js, WebGPU',
    usesGpu: true,
    package: '@tensorflow/tfjs-backend-webgpu',
    runtimes: ['chromium'],
  },
]

/** As `gpuLineup`, in float16: another answer within a wider tolerance, and so contenders of their own. */
export const halfLineup: readonly Entry[] = [
  {
    name: 'mobileone-webgpu-f16',
    title: 'MobileOne, WebGPU, weights and feature maps in float16',
    short: 'MobileOne, WebGPU, float16',
    usesGpu: true,
    tolerance: 5e-2,
    package: '@mobileone/backend-webgpu',
    format: 'safetensors',
    layout: 'NCHW',
    runtimes: ['chromium'],
  },
]
