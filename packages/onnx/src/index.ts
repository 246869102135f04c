export { onnx } from './exporter.ts'
export { type FromOnnxOptions, fromOnnx } from './from-onnx.ts'
export type { PreprocessOptions } from './preprocess.ts'
export { type OnnxOptions, toOnnx } from './to-onnx.ts'
