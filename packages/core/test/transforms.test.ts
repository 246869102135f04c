import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Backend,
  batchNormToConv,
  compareModels,
  expandKernel,
  foldBatchNorm,
  type Graph,
  initialize,
  type Model,
  type ModelCard,
  mergeParallelConvs,
  mobileone,
  type Node,
  print,
  type Rewrite,
  reference,
  reparameterize,
  reparameterizeAsync,
  roundToFloat32,
  splitBatchNorm,
  variants,
} from '../src/index.ts'
import { add, batchNorm, conv, graph, statistics } from './graphs.ts'

const filled = (empty: Graph): Model => initialize(empty, { seed: 7, statistics: 'random' })
const body = (model: Graph): string[] =>
  print(model)
    .split('\n')
    .slice(1, -4)
    .map((line) => line.trim())

async function expectSameOutput(before: Model, after: Model): Promise<void> {
  const { maxAbsError, maxAbsValue } = await compareModels(before, after, { backend: reference() })
  expect(maxAbsError).toBeLessThan(2e-6 * Math.max(1, maxAbsValue))
}

async function expectRewrite(
  rewrite: Rewrite,
  given: Graph,
  before: string[],
  after: string[],
): Promise<void> {
  const model = filled(given)
  expect(body(model)).toEqual(before)
  const result = rewrite(model)
  expect(body(result)).toEqual(after)
  await expectSameOutput(model, roundToFloat32(result))
}

describe('foldBatchNorm', () => {
  it('folds conv2d + batchNorm into conv2d with bias', async () => {
    const given = graph(4, [conv('y', 'x', { bias: true }), batchNorm('z', 'y')], {
      'y.weight': [6, 4, 3, 3],
      'y.bias': [6],
      ...statistics('z', 6),
    })
    await expectRewrite(
      foldBatchNorm,
      given,
      ['%y = conv2d(%x) 6x4x3x3 bias padding 1 : 1x6x9x9', '%z = batchNorm(%y) epsilon 0.00001 : 1x6x9x9'],
      ['%z = conv2d(%x) 6x4x3x3 bias padding 1 float64 : 1x6x9x9'],
    )
  })

  it('folds linear + batchNorm', async () => {
    const nodes: Node[] = [
      { op: 'flatten', name: 'f', inputs: ['x'] },
      { op: 'linear', name: 'l', inputs: ['f'], weight: 'l.weight' },
      batchNorm('z', 'l'),
    ]
    const given = graph(1, nodes, { 'l.weight': [5, 81], ...statistics('z', 5) })
    await expectRewrite(
      foldBatchNorm,
      given,
      ['%f = flatten(%x) : 1x81', '%l = linear(%f) 5x81 : 1x5', '%z = batchNorm(%l) epsilon 0.00001 : 1x5'],
      ['%f = flatten(%x) : 1x81', '%z = linear(%f) 5x81 bias float64 : 1x5'],
    )
  })

  it('leaves a convolution that something else reads', () => {
    const given = graph(4, [conv('y', 'x'), batchNorm('z', 'y'), add('s', 'y', 'z')], {
      'y.weight': [4, 4, 3, 3],
      ...statistics('z', 4),
    })
    expect(body(foldBatchNorm(filled(given)))).toEqual(body(given))
  })

  it('keeps apart weights that two nodes share', async () => {
    const shared = { ...(conv('b', 'x') as Extract<Node, { op: 'conv2d' }>), weight: 'a.weight' }
    const given = graph(
      4,
      [conv('a', 'x'), batchNorm('an', 'a'), shared, batchNorm('bn', 'b'), add('s', 'an', 'bn')],
      {
        'a.weight': [4, 4, 3, 3],
        ...statistics('an', 4),
        ...statistics('bn', 4),
      },
    )
    const model = filled(given)
    await expectSameOutput(model, roundToFloat32(foldBatchNorm(model)))
  })
})

describe('batchNormToConv', () => {
  it('takes the groups of a convolution beside it', async () => {
    const given = graph(4, [conv('a', 'x', { groups: 2 }), batchNorm('b', 'x'), add('s', 'a', 'b')], {
      'a.weight': [4, 2, 3, 3],
      ...statistics('b', 4),
    })
    await expectRewrite(
      batchNormToConv,
      given,
      [
        '%a = conv2d(%x) 4x2x3x3 groups 2 padding 1 : 1x4x9x9',
        '%b = batchNorm(%x) epsilon 0.00001 : 1x4x9x9',
        '%s = add(%a, %b) : 1x4x9x9',
      ],
      [
        '%a = conv2d(%x) 4x2x3x3 groups 2 padding 1 : 1x4x9x9',
        '%b.identity = conv2d(%x) 4x2x1x1 groups 2 float64 : 1x4x9x9',
        '%b = batchNorm(%b.identity) epsilon 0.00001 : 1x4x9x9',
        '%s = add(%a, %b) : 1x4x9x9',
      ],
    )
  })

  it('is depthwise where nothing stands beside it', () => {
    const given = graph(4, [batchNorm('b', 'x')], statistics('b', 4))
    expect(body(batchNormToConv(filled(given)))[0]).toBe(
      '%b.identity = conv2d(%x) 4x1x1x1 groups 4 float64 : 1x4x9x9',
    )
  })
})

describe('splitBatchNorm', () => {
  const nodes: Node[] = [
    conv('a', 'x'),
    conv('b', 'x', { k: 5 }),
    { op: 'concat', name: 'c', inputs: ['a', 'b'], axis: 1 },
    batchNorm('z', 'c'),
  ]
  const weights = { 'a.weight': [4, 4, 3, 3], 'b.weight': [2, 4, 5, 5], ...statistics('z', 6) }

  it('gives each convolution under a concatenation its own', async () => {
    await expectRewrite(
      splitBatchNorm,
      graph(4, nodes, weights),
      [
        '%a = conv2d(%x) 4x4x3x3 padding 1 : 1x4x9x9',
        '%b = conv2d(%x) 2x4x5x5 padding 2 : 1x2x9x9',
        '%c = concat(%a, %b) axis 1 : 1x6x9x9',
        '%z = batchNorm(%c) epsilon 0.00001 : 1x6x9x9',
      ],
      [
        '%a = conv2d(%x) 4x4x3x3 padding 1 : 1x4x9x9',
        '%b = conv2d(%x) 2x4x5x5 padding 2 : 1x2x9x9',
        '%z.0 = batchNorm(%a) epsilon 0.00001 float64 : 1x4x9x9',
        '%z.1 = batchNorm(%b) epsilon 0.00001 float64 : 1x2x9x9',
        '%z = concat(%z.0, %z.1) axis 1 : 1x6x9x9',
      ],
    )
  })

  it('folds with the others, under names that are free', async () => {
    const taken: Node[] = [...nodes, { op: 'relu', name: 'z.1', inputs: ['z'] }]
    const model = filled(graph(4, taken, weights))
    const folded = reparameterize(model)
    expect(body(folded)).toEqual([
      '%z.0 = conv2d(%x) 4x4x3x3 bias padding 1 : 1x4x9x9',
      '%z.1.2 = conv2d(%x) 2x4x5x5 bias padding 2 : 1x2x9x9',
      '%z = concat(%z.0, %z.1.2) axis 1 : 1x6x9x9',
      '%z.1 = relu(%z) : 1x6x9x9',
    ])
    await expectSameOutput(model, folded)
  })

  it('leaves what something else reads, and what does not come from convolutions', () => {
    const model = filled(graph(4, nodes, weights, { y: 'z', a: 'a' }))
    expect(splitBatchNorm(model)).toBe(model)
    const images: Node[] = [{ op: 'concat', name: 'c', inputs: ['x', 'x'], axis: 1 }, batchNorm('z', 'c')]
    const other = filled(graph(3, images, statistics('z', 6)))
    expect(splitBatchNorm(other)).toBe(other)
  })
})

describe('expandKernel', () => {
  it('puts a 1x1 kernel in the middle of a 3x3 one', async () => {
    const given = graph(
      4,
      [conv('a', 'x', { k: 1, stride: 2 }), conv('b', 'x', { stride: 2, dilation: 2 }), add('s', 'a', 'b')],
      {
        'a.weight': [4, 4, 1, 1],
        'b.weight': [4, 4, 3, 3],
      },
    )
    await expectRewrite(
      expandKernel,
      given,
      [
        '%a = conv2d(%x) 4x4x1x1 stride 2 : 1x4x5x5',
        '%b = conv2d(%x) 4x4x3x3 stride 2 padding 2 dilation 2 : 1x4x5x5',
        '%s = add(%a, %b) : 1x4x5x5',
      ],
      [
        '%b = conv2d(%x) 4x4x3x3 stride 2 padding 2 dilation 2 : 1x4x5x5',
        '%a = conv2d(%x) 4x4x3x3 stride 2 padding 2 dilation 2 float64 : 1x4x5x5',
        '%s = add(%a, %b) : 1x4x5x5',
      ],
    )
  })

  it('leaves kernels with other centres', () => {
    const given = graph(
      4,
      [conv('a', 'x', { k: 1 }), conv('b', 'x', { k: 3, padding: 0 }), conv('c', 'b', { k: 3, padding: 2 })],
      {
        'a.weight': [4, 4, 1, 1],
        'b.weight': [4, 4, 3, 3],
        'c.weight': [4, 4, 3, 3],
      },
    )
    const nodes = [...given.nodes, add('s', 'a', 'c')]
    const whole = { ...given, nodes, outputs: { y: 's' } }
    expect(body(expandKernel(filled(whole)))).toEqual(body(whole))
  })
})

describe('mergeParallelConvs', () => {
  it('adds kernels and biases', async () => {
    const given = graph(4, [conv('a', 'x', { bias: true }), conv('b', 'x'), add('s', 'a', 'b')], {
      'a.weight': [6, 4, 3, 3],
      'a.bias': [6],
      'b.weight': [6, 4, 3, 3],
    })
    await expectRewrite(
      mergeParallelConvs,
      given,
      [
        '%a = conv2d(%x) 6x4x3x3 bias padding 1 : 1x6x9x9',
        '%b = conv2d(%x) 6x4x3x3 padding 1 : 1x6x9x9',
        '%s = add(%a, %b) : 1x6x9x9',
      ],
      ['%s = conv2d(%x) 6x4x3x3 bias padding 1 float64 : 1x6x9x9'],
    )
  })

  it('leaves a convolution added to itself and one that is an output', () => {
    const weights = { 'a.weight': [4, 4, 3, 3] as const, 'b.weight': [4, 4, 3, 3] as const }
    const twice = graph(4, [conv('a', 'x'), add('s', 'a', 'a')], { 'a.weight': weights['a.weight'] })
    const shown = graph(4, [conv('a', 'x'), conv('b', 'x'), add('s', 'a', 'b')], weights, {
      y: 's',
      extra: 'a',
    })
    for (const given of [twice, shown]) expect(body(mergeParallelConvs(filled(given)))).toEqual(body(given))
  })
})

/** A block of parallel branches as the paper describes it, with every geometry a caller may choose. */
const blocks = fc.record({
  branches: fc.integer({ min: 1, max: 5 }),
  kernel: fc.constantFrom(1, 3, 5),
  groups: fc.constantFrom(1, 2, 4, 'depthwise' as const),
  channels: fc.integer({ min: 1, max: 3 }),
  widen: fc.constantFrom(1, 2),
  stride: fc.constantFrom(1, 2, 3),
  dilation: fc.constantFrom(1, 2),
  scale: fc.boolean(),
  skip: fc.boolean(),
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
})

function blockGraph(block: typeof blocks extends fc.Arbitrary<infer T> ? T : never): Graph {
  const inChannels = block.channels * 4
  const depthwise = block.groups === 'depthwise'
  const groups = depthwise ? inChannels : (block.groups as number)
  const outChannels = inChannels * block.widen
  const geometry = { stride: block.stride, dilation: block.dilation, groups }
  const nodes: Node[] = []
  const weights: Record<string, readonly number[]> = {}
  const terms: string[] = []
  const branch = (name: string, kernel: number): void => {
    nodes.push(
      conv(name, 'x', { ...geometry, k: kernel, dilation: kernel === 1 ? 1 : block.dilation }),
      batchNorm(`${name}.bn`, name),
    )
    weights[`${name}.weight`] = [outChannels, inChannels / groups, kernel, kernel]
    Object.assign(weights, statistics(`${name}.bn`, outChannels))
    terms.push(`${name}.bn`)
  }
  if (block.scale) branch('scale', 1)
  if (block.skip && block.stride === 1 && block.widen === 1) {
    nodes.push(batchNorm('skip', 'x'))
    Object.assign(weights, statistics('skip', inChannels))
    terms.push('skip')
  }
  for (let index = 0; index < block.branches; index++) branch(`conv${index}`, block.kernel)
  const last = terms.reduce((sum, term, index) => {
    if (index === 0) return term
    nodes.push(add(`sum${index}`, sum, term))
    return `sum${index}`
  }, '')
  nodes.push({ op: 'relu', name: 'relu', inputs: [last] })
  return graph(inChannels, nodes, weights)
}

describe('reparameterize', () => {
  it('folds every block of parallel branches into one convolution with the same output', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, async (block) => {
        const train = initialize(blockGraph(block), { seed: block.seed, statistics: 'random' })
        const deploy = reparameterize(train)
        expect(deploy.nodes.map((node) => node.op)).toEqual(['conv2d', 'relu'])
        await expectSameOutput(train, deploy)
      }),
      { numRuns: 150, seed: 1 },
    )
  })

  it('returns a deploy-form model as it is and keeps the card', () => {
    const card: ModelCard = { licence: 'MIT', labels: ['a'] }
    const train = {
      ...initialize(mobileone({ ...variants.s0, classes: 1 }, { form: 'train' }), { seed: 1 }),
      card,
    }
    const deploy = reparameterize(train)
    expect(deploy.card).toEqual(card)
    expect(reparameterize(deploy)).toEqual(deploy)
  })

  it('leaves skip connections, whatever is added', () => {
    const relu = (name: string, input: string): Node => ({ op: 'relu', name, inputs: [input] })
    const nodes: Node[] = [
      conv('a', 'x'),
      batchNorm('an', 'a'),
      add('identity', 'an', 'x'),
      relu('r', 'identity'),
      conv('b', 'r'),
      batchNorm('bn', 'b'),
      conv('c', 'x'),
      add('projection', 'bn', 'c'),
      add('y', 'projection', 'r'),
    ]
    const weights = { 'a.weight': [4, 4, 3, 3], 'b.weight': [4, 4, 3, 3], 'c.weight': [4, 4, 3, 3] }
    const model = filled(graph(4, nodes, { ...weights, ...statistics('an', 4), ...statistics('bn', 4) }))
    expect(reparameterize(model).nodes.map((node) => node.name)).toEqual([
      'an',
      'identity',
      'r',
      'bn',
      'c',
      'projection',
      'y',
    ])
  })

  it('leaves the name that an identity would have to the value that has it', async () => {
    const nodes: Node[] = [
      { op: 'relu', name: 'b.identity', inputs: ['x'] },
      batchNorm('b', 'x'),
      add('y', 'b.identity', 'b'),
    ]
    const model = filled(graph(4, nodes, statistics('b', 4)))
    const folded = reparameterize(model)
    expect(folded.nodes.map(({ name, op }) => [name, op])).toEqual([
      ['b.identity', 'relu'],
      ['b', 'conv2d'],
      ['y', 'add'],
    ])
    await expectSameOutput(model, folded)
  })

  it('refuses missing and impossible batch statistics', () => {
    const model = filled(
      graph(4, [conv('y', 'x'), batchNorm('z', 'y')], { 'y.weight': [4, 4, 3, 3], ...statistics('z', 4) }),
    )
    const { 'z.mean': mean, ...rest } = model.weights
    expect(mean).toBeDefined()
    expect(() => reparameterize({ ...model, weights: rest })).toThrow(/"z".*z\.mean are missing/)
    const variance = {
      ...model.weights['z.variance'],
      data: new Float32Array([1, Number.NaN, 1, 1]),
    } as Model['weights'][string]
    expect(() => reparameterize({ ...model, weights: { ...model.weights, 'z.variance': variance } })).toThrow(
      /"z": the running variance of channel 1 is NaN/,
    )
  })

  it('names branches that differ, are read elsewhere or cannot be folded', () => {
    const weights = { 'a.weight': [4, 4, 3, 3], 'b.weight': [4, 2, 3, 3] }
    const differ = graph(4, [conv('a', 'x'), conv('b', 'x', { groups: 2 }), add('s', 'a', 'b')], weights)
    expect(() => reparameterize(filled(differ))).toThrow(
      /add "s": its branches differ: "a".*groups 1.*"b".*groups 2/,
    )
    expect(reparameterize(filled(differ), { partial: true }).nodes.map((node) => node.op)).toEqual([
      'conv2d',
      'conv2d',
      'add',
    ])
    const shown = { ...differ, outputs: { ...differ.outputs, b: 'b' } }
    expect(() => reparameterize(filled(shown))).toThrow(/add "s": its branch "b" is also an output/)
    const read = [...differ.nodes, add('t', 's', 'a')]
    expect(() => reparameterize(filled(graph(4, read, weights)))).toThrow(
      /its branch "a" is also read elsewhere/,
    )
  })
})

describe('reparameterizeAsync', () => {
  const model = initialize(mobileone(variants.s0, { form: 'train' }), { seed: 1, statistics: 'random' })

  it('gives what reparameterize gives, lets timers in and tells how far it is', async () => {
    const progress: number[] = []
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const folded = await reparameterizeAsync(model, {
      onProgress: ({ phase, done, total }) => progress.push(phase === 'fold' ? done / (total ?? 1) : -1),
    })
    clearInterval(timer)
    expect(folded).toEqual(reparameterize(model))
    expect(turns).toBeGreaterThan(5)
    expect([progress[0], Math.max(...progress) > 0.9, Math.min(...progress)]).toEqual([0, true, 0])
  })

  it('can be aborted on its way', async () => {
    const controller = new AbortController()
    const folding = reparameterizeAsync(model, { signal: controller.signal })
    setTimeout(() => controller.abort(), 5)
    await expect(folding).rejects.toMatchObject({ code: 'aborted', name: 'AbortError' })
  })
})

describe('compareModels', () => {
  it('disposes of the first executor where the second model cannot be compiled', async () => {
    const model = filled(graph(4, [conv('y', 'x')], { 'y.weight': [4, 4, 3, 3] }))
    const inner = reference()
    let held = 0
    const backend: Backend = {
      ...inner,
      async compile(given, options) {
        if (given.name === 'bad') throw new Error('no such kernel')
        const executor = await inner.compile(given, options)
        held++
        const dispose = async (): Promise<void> => {
          held--
          await executor.dispose()
        }
        return { ...executor, dispose, [Symbol.asyncDispose]: dispose }
      },
    }
    await expect(compareModels(model, { ...model, name: 'bad' }, { backend })).rejects.toThrow(
      'no such kernel',
    )
    expect(held).toBe(0)
  })
})
