import { describe, expect, test } from 'vitest'
import { roundToFloat16 } from '../src/half.ts'
import {
  type Backend,
  floatWeight,
  initialize,
  integerWeight,
  type Model,
  mobileone,
  type Node,
  type Progress,
  print,
  printQuantization,
  profile,
  type QuantizedTensor,
  quantize,
  random,
  reference,
  reparameterize,
  type Tensor,
  type Tensors,
  tensor,
  validate,
  withBatch,
  withHead,
  withInputs,
  withOutputs,
} from '../src/index.ts'
import { conv, graph } from './graphs.ts'

const config = {
  name: 'small',
  input: { channels: 3, size: [24, 24] },
  stem: { channels: 8, stride: 2, branches: 1 },
  stages: [
    { blocks: 2, channels: 16, stride: 2, branches: 1, squeezeExcite: 0 },
    { blocks: 2, channels: 24, stride: 1, branches: 1, squeezeExcite: 1 },
  ],
  classes: 10,
} as const

const small: Model = initialize(mobileone(config, { form: 'deploy' }), { seed: 3, statistics: 'random' })

function samplesOf(model: Model, count: number, seed = 1): readonly Tensors[] {
  const source = random(seed)
  return Array.from({ length: count }, () =>
    Object.fromEntries(
      Object.entries(model.inputs).map(([name, { shape }]) => {
        const size = shape.reduce((product, each) => product * each, 1)
        return [
          name,
          tensor(
            shape,
            Float32Array.from({ length: size }, () => source.normal()),
          ),
        ]
      }),
    ),
  )
}

describe('quantize', () => {
  test('a small MobileOne: pointwise layers in integers, the head in int8, the rest named', async () => {
    const { model, report } = await quantize(small, {
      samples: samplesOf(small, 16),
      heldOut: samplesOf(small, 8, 2),
    })
    const kinds = new Map(report.layers.map(({ node, kind, reason }) => [node, [kind, reason]]))
    expect(kinds.get('stem')).toEqual(['float', 'reads the input of the network'])
    expect(kinds.get('stage1.0')).toEqual(['float', 'depthwise'])
    expect(kinds.get('stage1.1')).toEqual(['int8', undefined])
    expect(kinds.get('head')).toEqual(['weights', 'linear'])
    expect(report).toMatchObject({
      form: 'w8a7',
      samples: 16,
      calibratedOn: 'samples',
      comparedOn: 'heldOut',
      compared: 8,
      precision: 'int8',
    })
    expect(report.sqnrDb).toBeGreaterThan(20)
    expect(report.agreement).toBeGreaterThanOrEqual(0.75)
    for (const { kind, weightSqnrDb = 0, sqnrDb = 0 } of report.layers) {
      if (kind === 'float') continue
      expect(weightSqnrDb).toBeGreaterThan(30)
      expect(sqnrDb).toBeGreaterThan(kind === 'int8' ? 22 : 35)
    }
    for (const node of model.nodes) {
      const weight = integerWeight(model, node)
      expect(weight !== undefined).toBe(kinds.get(node.name)?.[0] === 'int8')
      if (weight) expectSound(weight)
    }
  })

  test('weights only, from images of noise: no photograph, no integers', async () => {
    const progress: Progress[] = []
    const { model, report } = await quantize(small, { onProgress: (step) => progress.push(step) })
    expect(report).toMatchObject({ form: 'w8', samples: 16, calibratedOn: 'noise', comparedOn: 'noise' })
    expect(report.sqnrDb).toBeGreaterThan(35)
    expect(model.nodes.some((node) => integerWeight(model, node))).toBe(false)
    expect(model.weights['stage1.3.weight']).toMatchObject({ dtype: 'int8', diagonal: expect.anything() })
    expect(progress.at(0)).toEqual({ phase: 'calibrate', done: 0 })
    expect(progress.filter(({ phase }) => phase === 'quantize').at(-1)).toEqual({
      phase: 'quantize',
      done: 14,
      total: 14,
    })
    expect(progress.at(-1)).toEqual({ phase: 'compare', done: 16, total: 16 })
    const again = await quantize(small)
    expect(again.report).toEqual(report)
    expect(again.model).toEqual(model)
  })

  test('weights only: the smallest layers, a hundredth of the weights together, stay float', async () => {
    const wide: Model = initialize(
      mobileone(
        {
          ...config,
          stages: [
            { blocks: 1, channels: 16, stride: 2, branches: 1, squeezeExcite: 0 },
            { blocks: 2, channels: 128, stride: 1, branches: 1, squeezeExcite: 0 },
          ],
        },
        { form: 'deploy' },
      ),
      { seed: 3, statistics: 'random' },
    )
    const { model, report } = await quantize(wide)
    const kinds = report.layers.map(({ node, kind, reason }) => [node, kind, reason])
    // 8 x 16 weights of 8 x 16 + 16 x 128 + 128 x 128 + 128 x 10.
    expect(kinds).toContainEqual(['stage1.1', 'float', 'too few weights to save by'])
    for (const node of ['stage2.1', 'stage2.3'])
      expect(kinds).toContainEqual([node, 'weights', 'weights only'])
    expect(kinds).toContainEqual(['head', 'weights', 'weights only'])
    expect(model.weights['stage1.1.weight']?.dtype).toBe('float32')
    const half = roundToFloat16(floatWeight(wide, 'stage1.1.weight').data.slice())
    expect(floatWeight(model, 'stage1.1.weight').data).toEqual(half)
  })

  test('samples give the means of weights only too, one after another over one buffer', async () => {
    const samples = samplesOf(small, 4)
    const buffer = tensor([1, 3, 24, 24])
    async function* streamed(): AsyncGenerator<Tensors> {
      for (const { image } of samples) {
        buffer.data.set((image as Tensor).data)
        yield { image: buffer }
      }
    }
    const { model, report } = await quantize(small, { samples: streamed(), activations: false })
    expect(report).toMatchObject({ form: 'w8', samples: 4, calibratedOn: 'samples', compared: 4 })
    expect(await quantize(small, { samples, activations: false })).toEqual({ model, report })
  })

  test('the report as text', async () => {
    const { report } = await quantize(small, { samples: samplesOf(small, 4) })
    const text = printQuantization(report)
    expect(text).toMatch(/^layer +op +kind +weight dB +result dB +why not in integers\n/)
    expect(text).toMatch(/\nstage1\.0 +conv2d +float +7\d\.\d +depthwise\n/)
    expect(text).toMatch(/\nstage1\.1 +conv2d +int8 +\d\d\.\d +\d\d\.\d\n/)
    expect(text).toMatch(
      /\nstage2\.2\.se\.expand +conv2d +weights .* only 4 values a channel in the samples\n/,
    )
    expect(text).toMatch(/\nw8a7: 4 layers in integers, 5 with int8 weights, 5 float\n/)
    expect(text).toMatch(/ dB on 4 of the samples themselves, the same class for \d+\.0 %\n$/)
  })

  test('a backend that keeps to float arithmetic is said to have compared that', async () => {
    const backend = reference({ precision: 'float32' })
    const { report } = await quantize(small, { samples: samplesOf(small, 4), backend })
    expect(report).toMatchObject({ form: 'w8a7', precision: 'float32' })
    expect(printQuantization(report)).toContain('in float32: activations were not rounded')
  })
})

describe('a network in the int8 form', async () => {
  const { model } = await quantize(small, { samples: samplesOf(small, 16) })
  const [sample] = samplesOf(small, 1, 9) as [Tensors]

  test('prints what is stored and what is computed in int8', () => {
    expect(print(model)).toContain(
      '%stage1.3 = conv2d(%stage1.2.relu) 16x16x1x1 bias int8 in integers : 1x16x6x6\n',
    )
    expect(print(model)).toContain('%head = linear(%flatten) 10x24 bias int8 : 1x10\n')
  })

  test('counts the bytes it holds', () => {
    const { weightBytes, layers } = profile(model)
    const layer = layers.find(({ node }) => node === 'stage1.3')
    expect(layer?.weightBytes).toBe(16 * 16 + 4 * (16 + 16 + 16 + 16))
    expect(weightBytes).toBe(layers.reduce((sum, each) => sum + each.weightBytes, 0))
    expect(weightBytes).toBeLessThan(profile(small).weightBytes)
    expect(profile(small).weightBytes).toBe(4 * profile(small).params)
  })

  test('folds into itself, and is initialised to its float weights', async () => {
    expect(reparameterize(model)).toEqual(model)
    const float = initialize(model, { seed: 1 })
    expect(float.weights['stage1.3.weight']).toEqual(floatWeight(model, 'stage1.3.weight'))
    const [a, b] = [reference({ precision: 'float32' }), reference()]
    expect(await outputsOf(a, model, sample)).toEqual(await outputsOf(b, float, sample))
  })

  test('takes another head, other sizes, batches and outputs', async () => {
    const head = { weight: new Float32Array(2 * 24).fill(0.1), bias: Float32Array.of(1, 2) }
    const edited = withHead(model, head, ['a', 'b'])
    expect(edited.weights['head.weight']?.dtype).toBe('float32')
    expect(edited.weights['stage1.3.weight']).toBe(model.weights['stage1.3.weight'])
    const sized = withInputs(withBatch(edited, 2), { image: [2, 3, 31, 17] })
    const shown = withOutputs(sized, { logits: 'head', map: 'stage2.3.relu' })
    validate(shown)
    const inputs = { image: tensor([2, 3, 31, 17]) }
    expect((await outputsOf(reference(), shown, inputs)).logits?.shape).toEqual([2, 2])
  })

  test('a layer in integers that a rewrite changes stands for its float weights', async () => {
    const made = graph(
      4,
      [
        { op: 'relu', name: 'a', inputs: ['x'] },
        conv('b', 'a', { k: 1 }),
        { op: 'affine', name: 'c', inputs: ['b'], scale: 2, offset: 0 },
      ],
      { 'b.weight': [4, 4, 1, 1] },
    )
    const float = initialize(made, { seed: 1 })
    const { model: int8 } = await quantize(float, { samples: samplesOf(float, 2) })
    const normalized: Model = {
      ...int8,
      nodes: [
        ...int8.nodes.slice(0, 2),
        {
          op: 'batchNorm',
          name: 'c',
          inputs: ['b'],
          weight: 'two',
          bias: 'zero',
          runningMean: 'zero',
          runningVar: 'one',
          epsilon: 0,
        },
      ],
      weights: {
        ...int8.weights,
        two: tensor([4], new Float32Array(4).fill(2)),
        zero: tensor([4]),
        one: tensor([4], new Float32Array(4).fill(1)),
      },
    }
    const folded = reparameterize(normalized)
    const weight = floatWeight(int8, 'b.weight').data.map((value) => 2 * value)
    expect(folded.weights['c.weight'] ?? folded.weights['b.weight']).toMatchObject({ dtype: 'float32' })
    const changed = Object.values(folded.weights).find(({ shape }) => shape.length === 4) as Tensor
    expect(changed.data).toEqual(weight)
  })
})

async function outputsOf(backend: Backend, model: Model, inputs: Tensors): Promise<Tensors> {
  await using executor = await backend.compile(model)
  return executor.run(inputs)
}

describe('what is refused', () => {
  const samples = samplesOf(small, 1)

  test('branches to fold, with the remedy', async () => {
    const train = initialize(mobileone(config, { form: 'train' }), { seed: 3 })
    await expect(quantize(train)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('call reparameterize first'),
    })
  })

  test('int8 weights, activations without samples, no samples, samples of NaN', async () => {
    const { model } = await quantize(small, { samples })
    await expect(quantize(model)).rejects.toThrow(/is int8 already/)
    await expect(quantize(small, { activations: true })).rejects.toThrow(/need samples/)
    await expect(quantize(small, { samples: [] })).rejects.toThrow(/there are no samples/)
    const image = tensor([1, 3, 24, 24], new Float32Array(1728).fill(Number.NaN))
    await expect(quantize(small, { samples: [...samples, { image }] })).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('"stage1.0.relu" of model "small" is not finite'),
    })
  })

  test('an abort ends it between runs', async () => {
    const abort = new AbortController()
    const done: number[] = []
    const running = quantize(small, {
      samples: samplesOf(small, 16),
      signal: abort.signal,
      onProgress: (step) => {
        done.push(step.done)
        if (step.done === 2) abort.abort()
      },
    })
    await expect(running).rejects.toMatchObject({ code: 'aborted' })
    expect(done).toEqual([0, 1, 2])
  })
})

/** One layer of one input `x`, which goes through a ReLU, with steps and means that are easy to work out. */
function pointwise(weight: readonly number[], channels: number, extra: { bias?: boolean } = {}): Model {
  const rows = weight.length / channels
  const made = graph(
    channels,
    [{ op: 'relu', name: 'positive', inputs: ['x'] }, conv('y', 'positive', { k: 1, ...extra })],
    { 'y.weight': [rows, channels, 1, 1] },
  )
  return { ...made, weights: { 'y.weight': tensor([rows, channels, 1, 1], Float32Array.from(weight)) } }
}

describe('the recipe', () => {
  test('steps follow the channels to the power of 0.75, and none is cut off', async () => {
    const model = pointwise([1, 1, 1, 0], 4)
    const x = new Float32Array(4 * 81)
    x.fill(16, 0, 81).fill(1, 81, 162).fill(-1, 162, 243)
    const { model: int8 } = await quantize(model, { samples: [{ x: tensor([1, 4, 9, 9], x) }] })
    const { inputSteps = [] } = int8.weights['y.weight'] as QuantizedTensor
    const silent = 0.01 ** 0.75 * 16
    for (const [channel, reach] of [16, 2, silent, silent].entries()) {
      const ratio = ((inputSteps[channel] as number) * 127) / reach
      expect(ratio, 'rounded up to float16').toBeGreaterThanOrEqual(1 - 1e-6)
      expect(ratio).toBeLessThanOrEqual(1 + 2 ** -10)
    }
    expect(roundToFloat16(Float32Array.from(inputSteps))).toEqual(inputSteps)
  })

  test('a layer without a bias gets one, which keeps the mean of its results', async () => {
    const source = random(5)
    const weights = Array.from({ length: 6 * 5 }, () => source.normal())
    const model = pointwise(weights, 5)
    const samples = samplesOf(model, 4)
    for (const activations of [false, true]) {
      const { model: int8, report } = await quantize(model, { samples, activations })
      expect(report.layers).toMatchObject([{ node: 'y', kind: activations ? 'int8' : 'weights' }])
      const before = await channelMeans(model, samples)
      const after = await channelMeans(int8, samples)
      expect(floatWeight(int8, 'y.bias').shape).toEqual([6])
      // The distribution of inputs is known up to the width of a bin.
      const digits = activations ? 3 : 5
      for (const [channel, mean] of before.entries()) expect(after[channel]).toBeCloseTo(mean, digits)
    }
  })

  test('a bias does not make up for what is cut off', async () => {
    const model = pointwise([1, 2, 3], 1)
    const samples = Array.from({ length: 25 }, () => ({
      x: tensor([1, 1, 9, 9], new Float32Array(81).fill(1)),
    }))
    if (samples[0]) samples[0].x.data[7] = 100
    const { model: int8 } = await quantize(model, {
      samples,
      // Which cannot tell that another range were better here.
      backend: reference({ precision: 'float32' }),
    })
    const { inputSteps = [] } = int8.weights['y.weight'] as QuantizedTensor
    expect((inputSteps[0] as number) * 127).toBeLessThan(2)
    // The mean of what is cut off is 0.05, and 0.15 times the last weight.
    for (const value of floatWeight(int8, 'y.bias').data) expect(Math.abs(value)).toBeLessThan(0.02)
  })

  test('the diagonal of a square layer does not coarsen its other weights', async () => {
    const weights = Array.from({ length: 64 }, (_, at) => (at % 9 === 0 ? 50 : (at % 7) / 7))
    const { model, report } = await quantize(pointwise(weights, 8))
    const weight = model.weights['y.weight'] as QuantizedTensor
    expect(Array.from(weight.diagonal ?? [])).toEqual(new Array(8).fill(50))
    expect(Math.max(...weight.scales)).toBeLessThan(0.01)
    expect(report.layers[0]?.weightSqnrDb).toBeGreaterThan(60)
  })

  test('rows that the fastest kernel cannot sum get a larger step', async () => {
    const model = pointwise(new Array(64).fill(1), 16)
    const { model: int8 } = await quantize(model, { samples: samplesOf(model, 4) })
    const weight = int8.weights['y.weight'] as QuantizedTensor
    expectSound(weight)
    expect(Math.max(...weight.data)).toBeLessThan(40)
    expect(Math.max(...weight.data)).toBeGreaterThanOrEqual(32)
  })

  test('a weight read twice is stored once, with a bias for each reader', async () => {
    const made = graph(
      4,
      [
        { op: 'relu', name: 'a', inputs: ['x'] },
        { ...conv('b', 'a', { k: 1 }), weight: 'w', bias: 'shared' } as Node,
        { op: 'sigmoid', name: 'c', inputs: ['b'] },
        { ...conv('d', 'c', { k: 1 }), weight: 'w', bias: 'shared' } as Node,
      ],
      { w: [4, 4, 1, 1], shared: [4] },
    )
    const model = initialize(made, { seed: 1, statistics: 'random' })
    const { model: int8, report } = await quantize(model, { samples: samplesOf(model, 2) })
    expect(Object.keys(int8.weights)).toEqual(['w', 'b.bias', 'd.bias'])
    expect(report.layers.map(({ kind, reason }) => `${kind}: ${reason}`)).toEqual([
      'weights: shares its weight',
      'weights: shares its weight',
    ])
    expect(report.sqnrDb).toBeGreaterThan(35)
  })

  test.each([
    ['first', 'first', 'second'],
    ['last', 'second', 'first'],
  ] as const)(
    'a weight that a float layer reads as well, %s, stays float for both',
    async (_, float, other) => {
      const conv = (name: string, input: string): Node => ({
        op: 'conv2d',
        name,
        inputs: [input],
        weight: 'w',
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
        groups: 1,
      })
      const ofInput = conv(float, 'image')
      const inside = [{ op: 'relu', name: 'relu', inputs: ['image'] }, conv(other, 'relu')] as const
      const nodes: readonly Node[] = float === 'first' ? [ofInput, ...inside] : [...inside, ofInput]
      const source = random(2)
      const model: Model = {
        name: 'shared',
        inputs: { image: { dtype: 'float32', shape: [1, 8, 6, 6] } },
        nodes: [...nodes, { op: 'add', name: 'sum', inputs: ['first', 'second'] }],
        outputs: { logits: 'sum' },
        weights: {
          w: tensor(
            [8, 8, 1, 1],
            Float32Array.from({ length: 64 }, () => source.normal()),
          ),
        },
      }
      const { model: made, report } = await quantize(model, { samples: samplesOf(model, 4) })
      expect(made.weights.w?.dtype).toBe('float32')
      expect(new Map(report.layers.map(({ node, kind, reason }) => [node, [kind, reason]]))).toEqual(
        new Map([
          [float, ['float', 'reads the input of the network']],
          [other, ['float', 'shares its weight with a layer that stays float']],
        ]),
      )
    },
  )

  test('the layer that costs most stays float, within its share, where the backend can tell', async () => {
    const made = graph(
      8,
      [
        { op: 'relu', name: 'a', inputs: ['x'] },
        conv('b', 'a', { k: 1 }),
        { op: 'relu', name: 'c', inputs: ['b'] },
        conv('d', 'c', { k: 1 }),
        { op: 'relu', name: 'e', inputs: ['d'] },
        conv('y', 'e', { k: 1 }),
      ],
      { 'b.weight': [32, 8, 1, 1], 'd.weight': [32, 32, 1, 1], 'y.weight': [8, 32, 1, 1] },
      { y: 'y' },
    )
    const model = initialize(made, { seed: 3 })
    const weight = model.weights['b.weight'] as Tensor
    // One channel is so loud that the steps of the others are coarse, and nothing reads it.
    const samples = samplesOf(model, 6)
    for (const { x } of samples) {
      const { data } = x as Tensor
      for (let at = 0; at < data.length / 8; at++) data[at] = 1e4 * (data[at] as number)
    }
    for (let row = 0; row < 32; row++) weight.data[8 * row] = 0

    const kindsOf = async (options: Parameters<typeof quantize>[1]) => {
      const { report, model: int8 } = await quantize(model, { samples, ...options })
      for (const node of int8.nodes) {
        const kind = report.layers.find((layer) => layer.node === node.name)?.kind
        expect(integerWeight(int8, node) !== undefined).toBe(kind === 'int8')
      }
      return [
        report.layers.map(({ kind }) => kind).join(' '),
        report.sqnrDb,
        report.layers[0]?.reason,
      ] as const
    }
    const phases: Progress[] = []
    const [kinds, decibels, reason] = await kindsOf({
      floatShare: 0.2,
      onProgress: (step) => phases.push(step),
    })
    expect(kinds).toBe('weights int8 int8')
    expect(decibels).toBeGreaterThan(30)
    expect(reason).toMatch(/^(9\d|100) % of what integers would cost$/)
    expect(phases.filter(({ phase }) => phase === 'choose').map(({ done }) => done)).toEqual([0, 1, 2, 3])

    for (const options of [{}, { floatShare: 0 }]) {
      const [all, worse] = await kindsOf(options)
      expect(all).toBe('int8 int8 int8')
      expect(worse).toBeLessThan(15)
    }
    const [blind] = await kindsOf({ floatShare: 0.2, backend: reference({ precision: 'float32' }) })
    expect(blind).toBe('int8 int8 int8')
    for (const floatShare of [-0.1, 1.5, Number.NaN]) {
      await expect(quantize(model, { samples, floatShare })).rejects.toMatchObject({
        code: 'invalid-argument',
      })
    }
  })

  test('a range ends before values that nothing depends on, where the backend can tell', async () => {
    const made = graph(
      8,
      [{ op: 'relu', name: 'a', inputs: ['x'] }, conv('y', 'a', { k: 1 })],
      { 'y.weight': [8, 8, 1, 1] },
      { y: 'y' },
    )
    const model = initialize(made, { seed: 3 })
    const weight = model.weights['y.weight'] as Tensor
    for (let row = 0; row < 8; row++) weight.data[8 * row] = 0
    const samples = samplesOf(model, 6)
    const [first, , , fourth] = samples as readonly { readonly x: Tensor }[]
    for (const sample of [first, fourth]) sample!.x.data[0] = 1e5
    const stepsOf = async (backend: Backend) => {
      const { report, model: int8 } = await quantize(model, { samples, backend, floatShare: 0 })
      return [report.sqnrDb, (int8.weights['y.weight'] as QuantizedTensor).inputSteps?.[1] as number] as const
    }
    const [decibels, step] = await stepsOf(reference())
    const [, usual] = await stepsOf(reference({ precision: 'float32' }))
    expect(decibels).toBeGreaterThan(25)
    expect(step).toBeLessThan(0.1 * usual)
  })

  test('grouped, strided and padded convolutions keep their means at the edges too', async () => {
    const made = graph(
      6,
      [
        { op: 'relu', name: 'a', inputs: ['x'] },
        conv('b', 'a', { k: 3, stride: 2, groups: 2 }),
        conv('c', 'b', { k: 3, dilation: 2 }),
      ],
      { 'b.weight': [4, 3, 3, 3], 'c.weight': [5, 4, 3, 3] },
      { b: 'b', c: 'c' },
    )
    const model = initialize(made, { seed: 2 })
    const samples = samplesOf(model, 3)
    const { model: int8, report } = await quantize(model, { samples })
    expect(report.layers.map(({ kind, reason }) => `${kind}: ${reason}`)).toEqual([
      'weights: 3x3 kernel',
      'weights: 3x3 kernel',
    ])
    const [before, after] = [
      await channelMeans(model, samples, 'int8', 'b'),
      await channelMeans(int8, samples, 'int8', 'b'),
    ]
    for (const [channel, mean] of before.entries()) expect(after[channel]).toBeCloseTo(mean, 5)
  })
})

/** The mean of each channel of an output over all samples. */
async function channelMeans(
  model: Model,
  samples: readonly Tensors[],
  precision: 'int8' | 'float32' = 'int8',
  output = 'y',
): Promise<readonly number[]> {
  await using executor = await reference({ precision }).compile(model)
  const sums: number[] = []
  for (const inputs of samples) {
    const { shape, data } = (await executor.run(inputs))[output] as Tensor
    const size = data.length / (shape[1] as number)
    for (const [at, value] of data.entries()) {
      const channel = Math.floor(at / size)
      sums[channel] = (sums[channel] ?? 0) + value / size / samples.length
    }
  }
  return sums
}

function expectSound({ data, shape, scales, diagonal, inputSteps }: QuantizedTensor): void {
  const [rows = 0, columns = 0] = shape
  expect(inputSteps?.length).toBe(columns)
  expect(scales.length).toBe(rows)
  expect(diagonal?.length).toBe(rows === columns ? rows : undefined)
  for (let row = 0; row < rows; row++) {
    for (let start = 0; start < columns; start += 16) {
      for (const first of [start, start + 2]) {
        const lane = [0, 1, 4, 5, 8, 9, 12, 13].map((each) => first + each).filter((at) => at < columns)
        for (const sign of [1, -1]) {
          const sum = lane.reduce(
            (all, at) => all + Math.max(0, sign * (data[row * columns + at] as number)),
            0,
          )
          expect(sum).toBeLessThanOrEqual(258)
        }
      }
    }
  }
}
