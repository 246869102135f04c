import { convNode, makeModel, normalInputs } from '@mobileone/conformance'
import { type Model, random, reference } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { wasm } from '../src/index.ts'
import { distance } from './distance.ts'

/** Largest difference between this backend and the reference over all outputs. */
async function compare(model: Model, seed: number, threads = 1): Promise<number> {
  const inputs = normalInputs(model, random(seed))
  const ours = await wasm({ threads }).compile(model)
  const oracle = await reference().compile(model)
  const [a, b] = [await ours.run(inputs), await oracle.run(inputs)]
  await ours.dispose()
  return Math.max(...Object.keys(model.outputs).map((name) => distance(a[name]!.data, b[name]!.data)))
}

const functions = ['relu', 'relu6', 'sigmoid', 'silu', 'gelu', 'hardSigmoid', 'hardSwish'] as const

describe('convolutions against the reference', () => {
  const rng = random(7)
  const pick = <T>(items: readonly T[]): T => items[rng.integer(0, items.length - 1)]!
  const cases = Array.from({ length: 400 }, (_, seed) => {
    const kind = pick(['dense', 'pointwise', 'depthwise', 'depthwise3', 'grouped', 'stem'] as const)
    const kh = kind === 'pointwise' ? 1 : kind === 'depthwise3' || kind === 'stem' ? 3 : rng.integer(1, 5)
    const kw = kind === 'pointwise' ? 1 : kind === 'depthwise3' || kind === 'stem' ? 3 : rng.integer(1, 5)
    const fast = kind === 'depthwise3'
    const stride = fast ? pick([1, 2]) : rng.integer(1, 3)
    const groups = kind === 'grouped' ? rng.integer(2, 4) : 1
    const inC = kind === 'stem' ? rng.integer(1, 4) : rng.integer(1, 20) * groups
    const outC = kind === 'stem' ? 8 * rng.integer(1, 3) : rng.integer(1, 22) * groups
    return {
      seed,
      kind,
      batch: pick([1, 1, 2, 3]),
      inC,
      outC,
      kernel: [kh, kw],
      stride: kind === 'pointwise' ? [pick([1, 1, 2]), 1] : [stride, fast ? stride : pick([stride, 1])],
      padding: fast ? [1, 1] : kind === 'pointwise' ? [0, 0] : [rng.integer(0, 2), rng.integer(0, 2)],
      dilation: fast || kind === 'pointwise' ? [1, 1] : [pick([1, 2]), pick([1, 1, 2])],
      size: [rng.integer(9, 19), rng.integer(9, 21)],
      groups,
      bias: rng.next() < 0.8,
      activation: pick([undefined, 'relu', ...functions] as const),
      /** A pointwise layer in front, so that the layer under test reads NHWC. */
      inner: kind !== 'stem' && rng.next() < 0.6,
    } as const
  })

  test.each(cases)('$kind #$seed: $batch x $inC -> $outC, kernel $kernel', async (shape) => {
    const { batch, inC, groups, kind } = shape
    const depthwise = kind === 'depthwise' || kind === 'depthwise3'
    const outC = depthwise ? inC : shape.outC
    const nodes = []
    const weights: Record<string, readonly number[]> = {}
    if (shape.inner) {
      nodes.push(convNode('front', 'x'))
      weights['front.weight'] = [inC, inC, 1, 1]
      weights['front.bias'] = [inC]
    }
    const layer = convNode('layer', shape.inner ? 'front' : 'x', {
      stride: shape.stride as [number, number],
      padding: shape.padding as [number, number],
      dilation: shape.dilation as [number, number],
      groups: depthwise ? inC : groups,
      bias: shape.bias && 'layer.bias',
    })
    nodes.push(layer)
    weights['layer.weight'] = [outC, depthwise ? 1 : inC / groups, ...shape.kernel]
    if (shape.bias) weights['layer.bias'] = [outC]
    const { activation } = shape
    if (activation) nodes.push({ op: activation, name: 'activation', inputs: ['layer'] } as const)
    const model = makeModel(
      { inputs: { x: [batch, inC, ...shape.size] }, nodes, weights },
      random(shape.seed),
    )
    expect(await compare(model, shape.seed + 1), JSON.stringify(shape)).toBeLessThan(2e-5)
  })

  test.each([
    ['several parts of a long reduction', { inC: 40, outC: 24, kernel: 3, size: 19 }],
    ['panels shared by threads', { inC: 72, outC: 136, kernel: 3, size: 7 }],
    ['groups of whole groups of 8 channels', { inC: 48, outC: 20, kernel: 3, size: 11, groups: 2 }],
    ['a dilated kernel, with stride', { inC: 16, outC: 9, kernel: 5, size: 23, stride: 2, dilation: 2 }],
    ['depthwise rows in bands', { inC: 9, outC: 9, kernel: 5, size: 150, groups: 9 }],
    ['depthwise rows wider than the map', { inC: 9, outC: 9, kernel: 11, size: 7, groups: 9 }],
  ])('%s, on one thread and on two', async (_, shape) => {
    const { inC, outC, kernel, size, groups = 1, stride = 1, dilation = 1 } = shape as Record<string, number>
    const padding = ((kernel! - 1) / 2) * dilation
    const model = makeModel(
      {
        inputs: { x: [2, inC!, size!, size! + 1] },
        nodes: [
          { op: 'relu', name: 'front', inputs: ['x'] },
          convNode('layer', 'front', {
            stride: [stride, stride],
            padding: [padding, padding],
            dilation: [dilation, dilation],
            groups,
            bias: 'layer.bias',
          }),
          { op: 'silu', name: 'silu', inputs: ['layer'] },
        ],
        weights: { 'layer.weight': [outC!, inC! / groups, kernel!, kernel!], 'layer.bias': [outC!] },
      },
      random(3),
    )
    expect(await compare(model, 4)).toBeLessThan(2e-5)
    expect(await compare(model, 4, 2)).toBeLessThan(2e-5)
  })

  test.each(functions)('%s is a part of the convolution before it, and of a linear layer', async (op) => {
    const model = makeModel(
      {
        inputs: { x: [1, 8, 5, 5] },
        nodes: [
          convNode('layer', 'x'),
          { op, name: 'first', inputs: ['layer'] },
          { op: 'globalAvgPool', name: 'pool', inputs: ['first'] },
          { op: 'flatten', name: 'flat', inputs: ['pool'] },
          { op: 'linear', name: 'head', inputs: ['flat'], weight: 'head.weight' },
          { op, name: 'second', inputs: ['head'] },
        ],
        weights: { 'layer.weight': [8, 8, 1, 1], 'layer.bias': [8], 'head.weight': [3, 8] },
      },
      random(1),
    )
    await using executor = await wasm().compile(model)
    const kernels = executor.steps.map(({ kernel }) => kernel)
    expect(kernels).toContain(`pointwise+${op}`)
    expect(kernels).toContain(`vector+${op}`)
    expect(kernels).not.toContain(op)
    expect(await compare(model, 2)).toBeLessThan(2e-5)
  })
})
