import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Model } from '@mobileone/core'
import { toOnnx } from '@mobileone/onnx'
import { toSafetensors } from '@mobileone/sdk'
import { toTflite } from '@mobileone/tflite'
import { toGraphModel } from './tfjs-graph-model.ts'

/** `model` in `folder` as each runtime reads it: NAME.safetensors, .onnx, .tflite, and .json with .bin for TensorFlow.js. */
export function writeModelFiles(model: Model, folder: string, name: string): void {
  const graph = toGraphModel(model, `${name}.bin`)
  const files = {
    safetensors: toSafetensors(model),
    onnx: toOnnx(model),
    tflite: toTflite(model),
    json: graph.json,
    bin: graph.weights,
  }
  for (const [ending, bytes] of Object.entries(files)) writeFileSync(join(folder, `${name}.${ending}`), bytes)
}
