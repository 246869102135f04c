export { onnx } from './exporter.ts'
export * from './from-onnx.ts'
export type { PreprocessOptions } from './preprocess.ts'
export * from './to-onnx.ts'
