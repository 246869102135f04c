import { loadAndCompile, loadLiteRt, Tensor } from '@litertjs/core'

const started = loadLiteRt('/litert/', { threads: false })

/** Run the .tflite file at `model` on the float32 elements at `input`: the shape and elements of its output. */
async function run(
  model: string,
  input: string,
  shape: readonly number[],
): Promise<{ readonly shape: readonly number[]; readonly data: readonly number[] }> {
  await started
  const fetched = async (path: string): Promise<ArrayBuffer> => (await fetch(path)).arrayBuffer()
  const compiled = await loadAndCompile(new Uint8Array(await fetched(model)), { accelerator: 'wasm' })
  const given = Tensor.fromTypedArray(new Float32Array(await fetched(input)), [...shape])
  const [result] = await compiled.run(given)
  if (!result) throw new Error('the network has no output')
  const data = Array.from((await result.data()) as Float32Array)
  const made = { shape: Array.from(result.type.layout.dimensions), data }
  given.delete()
  result.delete()
  compiled.delete()
  return made
}

Object.assign(globalThis, { runLiteRt: run })
