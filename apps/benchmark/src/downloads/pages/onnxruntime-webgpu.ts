import * as ort from 'onnxruntime-web/webgpu'
import { best, pixels } from './page.ts'

globalThis.classify = async (model, picture) => {
  ort.env.wasm.numThreads = 1
  const session = await ort.InferenceSession.create(model, { executionProviders: ['webgpu'] })
  const [input = '', output = ''] = [session.inputNames[0], session.outputNames[0]]
  const tensor = new ort.Tensor('float32', pixels(picture, 'NCHW'), [1, 3, 224, 224])
  const results = await session.run({ [input]: tensor })
  return best(results[output]?.data as Float32Array)
}
