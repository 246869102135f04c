import { loadAndCompile, loadLiteRt, Tensor } from '@litertjs/core'
import { best, pixels, vendor } from './page.ts'

globalThis.classify = async (model, picture) => {
  await loadLiteRt(`${vendor}@litertjs/core/wasm/`)
  const compiled = await loadAndCompile(model, { accelerator: 'wasm' })
  const [output] = await compiled.run(Tensor.fromTypedArray(pixels(picture, 'NHWC'), [1, 224, 224, 3]))
  return best((await output?.data()) as Float32Array)
}
