import { wasm } from '@mobileone/backend-wasm'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { tensor } from '@mobileone/core'
import { best, pixels } from './page.ts'

globalThis.classify = async (model, picture) => {
  const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer())
  const executor = await wasm().compile(modelFromCheckpoint(readCheckpoint(bytes)))
  const { logits } = await executor.run({ image: tensor([1, 3, 224, 224], pixels(picture, 'NCHW')) })
  return best(logits?.data as Float32Array)
}
