import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { type Tensor, tensor } from '@mobileone/core'
import { lacking, readGolden, readGoldenFloat32 } from '@mobileone/testkit'
import { it, onTestFinished } from 'vitest'
import { toTflite } from '../src/index.ts'
import { expectClose } from './support/compare.ts'
import { openLiteRt } from './support/litert.ts'

it.skipIf(lacking('golden', 'chromium'))("LiteRT.js runs S0, to PyTorch's logits", async () => {
  const litert = await openLiteRt()
  onTestFinished(() => litert.close())
  const model = modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0.pth.tar')))
  const [name = ''] = Object.keys(model.inputs)
  const image = tensor([1, 3, 224, 224], readGoldenFloat32('s0-input-1x3x224x224.f32'))
  const wanted = tensor([1, 1000], readGoldenFloat32('s0-logits-1000.f32'))
  const { logits } = await litert.run(toTflite(model), { [name]: image })
  expectClose(logits as Tensor, wanted, 1e-5)
})
