import { initialize, mobileone, random, reference, tensor, variants } from '@mobileone/core'
import '@tensorflow/tfjs-backend-cpu'
import { loadGraphModel } from '@tensorflow/tfjs-converter'
import * as tf from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { toGraphModel } from '../src/tfjs-graph-model.ts'

const narrow = {
  ...variants.s0,
  input: { channels: 3, size: [33, 29] as const },
  stages: variants.s0.stages.map((stage, index) => ({ ...stage, blocks: 1, channels: 5 + 3 * index })),
  classes: 7,
}

it('is what TensorFlow.js runs as the reference does', async () => {
  const model = initialize(mobileone(narrow, { form: 'deploy' }), { seed: 3 })
  const shape = model.inputs.image?.shape ?? []
  const source = random(5)
  const data = Float32Array.from({ length: 3 * 33 * 29 }, () => source.normal())
  const { logits: wanted } = await (await reference().compile(model)).run({ image: tensor(shape, data) })
  const { json, weights } = toGraphModel(model, 'network.bin')
  await tf.setBackend('cpu')
  const { modelTopology, weightsManifest } = JSON.parse(json)
  expect(weightsManifest[0].paths).toEqual(['network.bin'])
  const graph = await loadGraphModel(
    tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData: weights.buffer }),
  )
  const output = graph.predict(tf.transpose(tf.tensor(data, [...shape]), [0, 2, 3, 1])) as tf.Tensor
  const found = await output.data()
  expect(found).toHaveLength(7)
  const scale = Math.max(...(wanted?.data ?? []).map(Math.abs))
  for (const [index, value] of found.entries())
    expect(Math.abs(value - (wanted?.data[index] ?? Number.NaN))).toBeLessThan(1e-5 * scale)
})

it('refuses other networks', () => {
  const stages = narrow.stages.map((stage) => ({ ...stage, squeezeExcite: 1 }))
  const model = initialize(mobileone({ ...narrow, stages }, { form: 'deploy' }), { seed: 1 })
  expect(() => toGraphModel(model, 'network.bin')).toThrow(/no graph model .* is made here/)
})
