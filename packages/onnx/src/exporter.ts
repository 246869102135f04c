import type { Exporter } from '@mobileone/core'
import { type OnnxOptions, toOnnx } from './to-onnx.ts'

/** The ONNX exporter: `toOnnx` behind the exporter contract. */
export function onnx(): Exporter<OnnxOptions> {
  return {
    specVersion: 1,
    format: 'onnx',
    endings: ['.onnx'],
    description: 'ONNX opset 17, for ONNX Runtime and most other runtimes',
    options: {
      softmax: { kind: 'switch', description: 'End in probabilities instead of logits' },
      preprocess: { kind: 'switch', description: 'Take pixels of 0..255 and normalise them in the graph' },
      dynamicBatch: { kind: 'switch', description: 'Leave the batch size open' },
    },
    export: (model, options, fileName = `${model.name}.onnx`) => [
      { path: fileName, bytes: toOnnx(model, options) },
    ],
  }
}
