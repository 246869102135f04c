import { type ContenderTraits, foreignTraits } from '@mobileone/measure'

export type RuntimeName = 'chromium' | 'firefox' | 'webkit' | 'node'

const browsers: readonly RuntimeName[] = ['chromium', 'firefox', 'webkit']

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
  /** Runs the int8 form of each network. */
  readonly form?: 'int8'
  /** Runs this file in place of one of the network that is measured; it was made of the same weights. */
  readonly file?: string
  /** The file in contenders/ that makes it. Default: its name. */
  readonly module?: string
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
    runtimes: [...browsers, 'node'],
  },
  {
    ...foreignTraits['ort-wasm'],
    name: 'ort-wasm',
    title: 'ONNX Runtime Web, WebAssembly',
    short: 'ONNX Runtime Web, wasm',
    package: 'onnxruntime-web',
    runtimes: [...browsers, 'node'],
  },
  {
    ...foreignTraits['tfjs-wasm'],
    name: 'tfjs-wasm',
    title: 'TensorFlow.js, WebAssembly, fused operations',
    short: 'TensorFlow.js, wasm',
    package: '@tensorflow/tfjs-backend-wasm',
    runtimes: [...browsers, 'node'],
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
    runtimes: browsers,
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

/** Who runs the int8 form of a network, each beside the entry of its name without `-int8`. */
export const int8Lineup: readonly Entry[] = [
  {
    name: 'mobileone-wasm-int8',
    title: 'MobileOne, WebAssembly, in int8',
    short: 'MobileOne, wasm, int8',
    package: '@mobileone/backend-wasm',
    format: 'safetensors',
    layout: 'NCHW',
    form: 'int8',
    runtimes: [...browsers, 'node'],
  },
  {
    ...foreignTraits['ort-wasm'],
    name: 'ort-wasm-int8',
    title: 'ONNX Runtime Web, WebAssembly, the int8 form as QDQ',
    short: 'ONNX Runtime Web, wasm, int8',
    package: 'onnxruntime-web',
    form: 'int8',
    module: 'ort-wasm',
    runtimes: [...browsers, 'node'],
  },
]

/**
 * A file that another project's tools made rounds where those tools say, which nothing here repeats: its answer may be as far from the
 * float network's as int8 without the repairs of `quantize` brings it on a photograph. Its accuracy tells what it is worth.
 */
const foreignInt8Tolerance = 0.5

/** Lanes of files that the tools of other projects have quantised: see recipes/quantize-rivals.py. */
export function foreignInt8Lineup(files: {
  readonly onnx?: string | undefined
  readonly tflite?: string | undefined
}): readonly Entry[] {
  const common = { tolerance: foreignInt8Tolerance, runtimes: browsers } as const
  return [
    ...(files.onnx === undefined
      ? []
      : [
          {
            ...foreignTraits['ort-wasm'],
            ...common,
            name: 'ort-wasm-own-int8',
            title: 'ONNX Runtime Web, WebAssembly, int8 by its own tools',
            short: 'ONNX Runtime Web, wasm, own int8',
            package: 'onnxruntime-web',
            module: 'ort-wasm',
            runtimes: [...browsers, 'node'] as const,
            file: files.onnx,
          },
        ]),
    ...(files.tflite === undefined
      ? []
      : [
          {
            ...foreignTraits['litert-wasm'],
            ...common,
            name: 'litert-wasm-own-int8',
            title: 'LiteRT.js, WebAssembly (XNNPACK), int8 by its own tools',
            short: 'LiteRT.js, wasm, own int8',
            package: '@litertjs/core',
            module: 'litert-wasm',
            file: files.tflite,
          },
        ]),
  ]
}

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
