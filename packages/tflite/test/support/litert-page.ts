import { loadAndCompile, loadLiteRt, Tensor } from '@litertjs/core'
import type { PageTensor } from './litert.ts'

const started = loadLiteRt('/litert/', { threads: false })

/** Run the .tflite file at `model` on inputs by name: its outputs by name. */
async function run(
  model: string,
  inputs: Readonly<Record<string, PageTensor>>,
): Promise<Record<string, PageTensor>> {
  await started
  const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer())
  const compiled = await loadAndCompile(bytes, { accelerator: 'wasm' })
  const given = Object.entries(inputs).map(
    ([name, { shape, data }]) => [name, Tensor.fromTypedArray(Float32Array.from(data), [...shape])] as const,
  )
  const results = Object.entries(await compiled.run(Object.fromEntries(given)))
  const outputs: Record<string, PageTensor> = {}
  for (const [name, result] of results) {
    const data = Array.from((await result.data()) as Float32Array)
    outputs[name] = { shape: Array.from(result.type.layout.dimensions), data }
    result.delete()
  }
  for (const [, tensor] of given) tensor.delete()
  compiled.delete()
  return outputs
}

Object.assign(globalThis, { runLiteRt: run })
