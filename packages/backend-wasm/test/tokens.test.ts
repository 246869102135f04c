import { makeModel, normalInputs } from '@mobileone/conformance'
import { type Model, type Node, random, reference } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { tuningOf } from '../src/choose.ts'
import { wasm } from '../src/index.ts'
import { type Plan, planModel } from '../src/plan.ts'
import { distance } from './distance.ts'

/** Attention of `heads` heads of `size` channels over `tokens` tokens, as DeiT has it. */
function attention(batch: number, tokens: number, heads: number, size: number): Model {
  const dim = heads * size
  const part = (name: string, index: number): readonly Node[] => [
    { op: 'slice', name, inputs: ['qkv'], axis: 2, start: index * dim, end: (index + 1) * dim },
    { op: 'reshape', name: `${name}.heads`, inputs: [name], shape: [0, 0, heads, size] },
    { op: 'transpose', name: `${name}.turned`, inputs: [`${name}.heads`], permutation: [0, 2, 1, 3] },
  ]
  const nodes: readonly Node[] = [
    { op: 'layerNorm', name: 'norm', inputs: ['x'], epsilon: 1e-6 },
    { op: 'linear', name: 'qkv', inputs: ['norm'], weight: 'qkv.weight', bias: 'qkv.bias' },
    ...part('q', 0),
    ...part('k', 1),
    ...part('v', 2),
    { op: 'matmul', name: 'scores', inputs: ['q.turned', 'k.turned'], transposeB: true, scale: size ** -0.5 },
    { op: 'softmax', name: 'shares', inputs: ['scores'] },
    { op: 'matmul', name: 'mixed', inputs: ['shares', 'v.turned'] },
    { op: 'transpose', name: 'rows', inputs: ['mixed'], permutation: [0, 2, 1, 3] },
    { op: 'reshape', name: 'attended', inputs: ['rows'], shape: [0, 0, dim] },
    { op: 'linear', name: 'proj', inputs: ['attended'], weight: 'proj.weight' },
    { op: 'add', name: 'y', inputs: ['x', 'proj'] },
  ]
  const weights = { 'qkv.weight': [3 * dim, dim], 'qkv.bias': [3 * dim], 'proj.weight': [dim, dim] }
  return makeModel({ inputs: { x: [batch, tokens, dim] }, nodes, weights }, random(3))
}

const kernels = (plan: Plan): readonly string[] => plan.steps.map(({ kernel }) => kernel)
const activationBytes = ({ end, control }: Plan): number => end - control

describe('attention', () => {
  test('of heads of whole groups of channels copies neither queries, keys and values nor what comes of them', async () => {
    const plan = await planModel(attention(1, 197, 3, 64), 1, tuningOf('plain'))
    expect(kernels(plan)).toEqual([
      'copy',
      'layer norm',
      'pointwise',
      'transpose',
      'attention',
      'pointwise',
      'add',
      'copy',
    ])
  })

  test('needs memory in proportion to the tokens, not to their square', async () => {
    const plans = await Promise.all(
      [1024, 2048, 4096].map((tokens) => planModel(attention(1, tokens, 4, 16), 2, tuningOf('plain'))),
    )
    const [a, b, c] = plans.map(activationBytes) as [number, number, number]
    expect(c / b).toBeLessThan(2.1)
    expect(b / a).toBeLessThan(2.1)
    expect(c).toBeLessThan(4096 * 4096 * 4)
  })

  test.each([
    [1, 1, 1, 1],
    [1, 197, 3, 16],
    [2, 9, 4, 5],
    [3, 50, 2, 12],
    [1, 300, 2, 8],
  ])(
    '%i x %i tokens, %i heads of %i: as the reference, and the same bits on two threads',
    async (...sizes) => {
      const model = attention(...sizes)
      const inputs = normalInputs(model, random(5))
      const [one, two] = [await wasm().compile(model), await wasm({ threads: 2 }).compile(model)]
      const expected = await (await reference().compile(model)).run(inputs)
      const { y } = await one.run(inputs)
      expect(distance(y!.data, expected.y!.data)).toBeLessThan(1e-5)
      expect((await two.run(inputs)).y!.data).toEqual(y!.data)
      await Promise.all([one.dispose(), two.dispose()])
    },
  )

  test('whose shares are read again has its parts one by one', async () => {
    const model = attention(1, 12, 2, 8)
    const plan = await planModel(
      { ...model, outputs: { ...model.outputs, shares: 'shares' } },
      1,
      tuningOf('plain'),
    )
    expect(kernels(plan)).toContain('softmax')
    expect(kernels(plan)).not.toContain('attention')
  })
})

test("what a classifier's ops are enough for loads nothing more", async () => {
  const nodes: readonly Node[] = [
    { op: 'globalAvgPool', name: 'pool', inputs: ['x'] },
    { op: 'flatten', name: 'flat', inputs: ['pool'] },
    { op: 'linear', name: 'y', inputs: ['flat'], weight: 'w' },
  ]
  const model = makeModel({ inputs: { x: [1, 4, 5, 5] }, nodes, weights: { w: [3, 4] } }, random(3))
  const plan = await planModel(model, 1, tuningOf('plain'))
  expect(kernels(plan)).toEqual(['from NCHW', 'mean', 'vector'])
})
