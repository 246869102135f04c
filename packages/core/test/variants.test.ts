import { describe, expect, it } from 'vitest'
import {
  microVariants,
  mobileone,
  namedOutputs,
  profile,
  type Variant,
  validate,
  variants,
} from '../src/index.ts'
import { expectExactFolding } from './exact-folding.ts'

/** Parameters of both forms and MACs at 224 x 224 without squeeze-and-excite, in millions: the released code's counts. */
const published: Record<Variant, { deploy: number; train: number; macs: number; mapped: number }> = {
  s0: { deploy: 2_078_504, train: 5_293_272, macs: 275.11, mapped: 88 },
  s1: { deploy: 4_764_840, train: 4_825_192, macs: 825.06, mapped: 88 },
  s2: { deploy: 7_808_168, train: 7_884_648, macs: 1298.43, mapped: 88 },
  s3: { deploy: 10_078_312, train: 10_170_600, macs: 1895.79, mapped: 88 },
  s4: { deploy: 14_838_352, train: 14_951_248, macs: 2977.64, mapped: 136 },
}

describe.each(Object.keys(published) as Variant[])('%s', (name) => {
  const config = variants[name]
  const deploy = mobileone(config, { form: 'deploy' })
  const train = mobileone(config, { form: 'train' })

  it('is well formed in both forms', () => {
    validate(deploy)
    validate(train)
  })

  it('has the published parameters and MACs', () => {
    const cost = profile(deploy)
    const macs = cost.layers
      .filter((layer) => !layer.node.includes('.se'))
      .reduce((sum, layer) => sum + layer.macs, 0)
    expect(cost.params).toBe(published[name].deploy)
    expect(profile(train).params).toBe(published[name].train)
    expect(Number((macs / 1e6).toFixed(2))).toBe(published[name].macs)
    expect(Object.keys(deploy.weights)).toHaveLength(published[name].mapped)
  })
})

describe('folding', () => {
  it.each(['s0', 's1'] as const)('of %s gives exactly the deploy-form graph', expectExactFolding)
})

describe('micro variants', () => {
  it('have the MACs and parameters printed in Table 13 for mu1 and mu2', () => {
    const cost = (name: 'mu1-like' | 'mu2-like') =>
      profile(mobileone(microVariants[name], { form: 'deploy' }))
    expect(cost('mu1-like').macs / 1e6).toBeCloseTo(139, 0)
    expect(cost('mu1-like').params / 1e6).toBeCloseTo(0.97, 2)
    expect(cost('mu2-like').macs / 1e6).toBeCloseTo(214, 0)
    expect(cost('mu2-like').params / 1e6).toBeCloseTo(1.26, 2)
  })
})

describe('outputs', () => {
  it('shows feature maps and the embedding by name', () => {
    const outputs = ['stride4', 'stride8', 'stride16', 'stride32', 'embedding', 'logits']
    const graph = mobileone(variants.s0, { form: 'deploy', outputs })
    expect(Object.keys(namedOutputs(variants.s0)).sort()).toEqual([...outputs].sort())
    const shapes = profile(graph).layers
    const shapeOf = (name: string) => shapes.find((layer) => layer.node === graph.outputs[name])?.outputShape
    expect(outputs.map(shapeOf)).toEqual([
      [1, 48, 56, 56],
      [1, 128, 28, 28],
      [1, 256, 14, 14],
      [1, 1024, 7, 7],
      [1, 1024],
      [1, 1000],
    ])
  })

  it('drops layers no output needs', () => {
    const graph = mobileone(variants.s0, { form: 'deploy', outputs: ['stride8'] })
    expect(graph.nodes.at(-1)?.name).toBe('stage2.15.relu')
    expect(graph.weights['head.weight']).toBeUndefined()
    validate(graph)
  })

  it('names the known outputs when asked for another', () => {
    expect(() => mobileone(variants.s0, { form: 'deploy', outputs: ['stride64'] })).toThrow(
      /stride64.*logits, embedding, stride4/s,
    )
  })
})
