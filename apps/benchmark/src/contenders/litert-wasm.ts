import { type CompiledModel, loadAndCompile, loadLiteRt, Tensor } from '@litertjs/core'
import type { CreateContender } from '@mobileone/cli/measure'

export const create: CreateContender = async ({ threads, assets, inputShape }) => {
  await loadLiteRt(`${assets}@litertjs/core/wasm/`, { threads: threads > 1 })
  const [batch = 1, channels = 1, height = 1, width = 1] = inputShape
  let model: CompiledModel | undefined
  return {
    async load(source) {
      if (!(source instanceof Uint8Array)) throw new Error('LiteRT takes the bytes of a .tflite file')
      model?.delete()
      model = await loadAndCompile(source, { accelerator: 'wasm', cpuOptions: { numThreads: threads } })
    },
    async run(input) {
      if (!model) throw new Error('load a model first')
      const given = Tensor.fromTypedArray(input, [batch, height, width, channels])
      const [result] = await model.run(given)
      const logits = Float32Array.from((await result!.data()) as Float32Array)
      given.delete()
      result!.delete()
      return logits
    },
    async dispose() {
      model?.delete()
      model = undefined
    },
  }
}
