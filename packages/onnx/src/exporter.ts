import type { Exporter, Model } from '@mobileone/core'
import { type OnnxOptions, toOnnx } from './to-onnx.ts'

/** The ONNX exporter: `toOnnx` behind the exporter contract. */
export function onnx(): Exporter<OnnxOptions> {
  return {
    specVersion: 1,
    format: 'onnx',
    extension: 'onnx',
    export: (model: Model, options?: OnnxOptions) => toOnnx(model, options),
  }
}
