import { random, reference, validate } from '@mobileone/core'
import { expect, it } from 'vitest'
import { batchNormNode, batchNormWeights, convNode, makeModel, normalInputs } from '../src/index.ts'

it('a model of nodes and weight shapes runs', async () => {
  const model = makeModel({
    inputs: { x: [2, 3, 9, 7] },
    nodes: [convNode('conv', 'x', { padding: [1, 1] }), batchNormNode('norm', 'conv')],
    weights: { 'conv.weight': [8, 3, 3, 3], 'conv.bias': [8], ...batchNormWeights('norm', 8) },
  })
  validate(model)
  expect(model.outputs).toEqual({ y: 'norm' })
  expect(Math.min(...(model.weights['norm.var']?.data ?? []))).toBeGreaterThanOrEqual(0.5)
  await using executor = await reference().compile(model)
  const { y } = await executor.run(normalInputs(model))
  expect(y?.shape).toEqual([2, 8, 9, 7])
})

it('the same seed gives the same weights, another seed others', () => {
  const made = (seed: number): unknown =>
    makeModel({ inputs: { x: [1, 4] }, nodes: [], weights: { w: [2, 4] }, outputs: { y: 'x' } }, random(seed))
      .weights
  expect(made(7)).toEqual(made(7))
  expect(made(7)).not.toEqual(made(8))
})
