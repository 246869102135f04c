import type { ContenderTraits } from '../contender.ts'

/** The contenders that are other projects' runtimes. */
export type ForeignContender =
  | 'ort-node'
  | 'ort-wasm'
  | 'ort-webgpu'
  | 'tfjs-wasm'
  | 'tfjs-webgpu'
  | 'litert-wasm'

const onnx: ContenderTraits = { format: 'onnx', layout: 'NCHW', integers: true }
const tfjs: ContenderTraits = { format: 'model', layout: 'NHWC' }

/** What each is fed with. */
export const foreignTraits: Readonly<Record<ForeignContender, ContenderTraits>> = {
  'ort-node': onnx,
  'ort-wasm': onnx,
  'ort-webgpu': onnx,
  'tfjs-wasm': tfjs,
  'tfjs-webgpu': tfjs,
  'litert-wasm': { format: 'tflite', layout: 'NHWC' },
}
