import { makeModel } from '@mobileone/conformance'
import {
  configFromWidths,
  elementCount,
  floatWeight,
  initialize,
  isMobileOneError,
  type MobileOneConfig,
  type Model,
  maxAbsDifference,
  mobileone,
  type QuantizedTensor,
  random,
  reference,
  type Tensor,
  tensor,
  variants,
  withCard,
  withOutputs,
} from '@mobileone/core'
import { float16ToFloat32, float32ToFloat16 } from '@mobileone/core/half'
import { describe, expect, test } from 'vitest'
import { type CoreMLOptions, fromCoreML, interpretPackage, toCoreML, zipPackage } from '../src/index.ts'
import { weightsPath } from '../src/package.ts'
import { fullCard, normalInputs, tinyConfig, tinyModel, wideModel } from './support/models.ts'
import { expectRoundTrip } from './support/round-trip.ts'

function code(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    return isMobileOneError(error) ? error.code : String(error)
  }
}

/** `model` as float16 keeps it. */
function halved(model: Model): Model {
  const weights = Object.keys(model.weights).map((name): [string, Tensor] => {
    const { shape, data } = floatWeight(model, name)
    return [name, tensor(shape, float16ToFloat32(float32ToFloat16(data)))]
  })
  return { ...model, weights: Object.fromEntries(weights) }
}

/** `model` without what no Core ML file holds. */
function portable({ config: _, ...model }: Model): Model {
  return model
}

describe('what is written reads back equal', () => {
  const every: readonly CoreMLOptions[] = [
    { precision: 'float32', input: 'array', output: 'values' },
    { precision: 'float32' },
    { precision: 'float32', target: 'ios18' },
  ]
  test.each(every)('float32 %o', (options) => {
    const model = tinyModel()
    expect(fromCoreML(toCoreML(model, options))).toEqual(portable(model))
    expect(fromCoreML(zipPackage(toCoreML(model, options)))).toEqual(portable(model))
  })

  test('float16, with every weight rounded', () => {
    const model = tinyModel()
    expect(fromCoreML(toCoreML(model))).toEqual(portable(halved(model)))
  })

  test('int8, with every weight of a large dense kernel within one level and all others in float16', () => {
    const model = wideModel()
    const [read, half] = [fromCoreML(toCoreML(model, { precision: 'int8' })), halved(model)]
    expect(read.nodes).toEqual(model.nodes)
    expect(read.card).toEqual(model.card)
    const quantized = Object.keys(model.weights).filter(
      (name) => maxAbsDifference(read.weights[name] as Tensor, half.weights[name] as Tensor) > 0,
    )
    expect(quantized).toEqual(['stage4.1.weight', 'head.weight'])
    for (const name of quantized) {
      const { shape, data } = model.weights[name] as Tensor
      const size = data.length / (shape[0] as number)
      const got = read.weights[name]?.data as Float32Array
      for (let start = 0; start < data.length; start += size) {
        const row = data.subarray(start, start + size)
        const level = (Math.max(0, ...row) - Math.min(0, ...row)) / 255
        const errors = row.map((value, index) => (got[start + index] as number) - value)
        const context = `${name}, from element ${start}`
        expect(Math.max(...errors.map(Math.abs)), context).toBeLessThan(1.05 * level)
        // Each weight is rounded to float16 once more, which moves the sum a little.
        expect(Math.abs(errors.reduce((sum, error) => sum + error, 0)), context).toBeLessThan(level)
      }
    }
  })

  test('a weight that the model stores as int8, level by level where float16 can say its scales', () => {
    const model = wideModel()
    const { shape } = model.weights['head.weight'] as Tensor
    const channels = shape[0] as number
    const source = random(8)
    const stored = (scale: number): Model => {
      const levels = { length: elementCount(shape) }
      const weight: QuantizedTensor = {
        dtype: 'int8',
        shape,
        data: Int8Array.from(levels, () => source.integer(-50, 50)),
        scales: new Float32Array(channels).fill(scale),
        zeroPoints: Int8Array.from({ length: channels }, () => source.integer(-9, 9)),
      }
      return { ...model, weights: { ...model.weights, 'head.weight': weight } }
    }
    const apart = (int8: Model, precision: 'int8' | 'float16'): number =>
      maxAbsDifference(
        fromCoreML(toCoreML(int8, { precision })).weights['head.weight'] as Tensor,
        halved(int8).weights['head.weight'] as Tensor,
      )
    expect(apart(stored(2 ** -9), 'int8')).toBe(0)
    expect(apart(stored(2 ** -9), 'float16')).toBe(0)
    const between = apart(stored(0.002), 'int8')
    expect(between).toBeGreaterThan(0)
    expect(between).toBeLessThan(0.002)
  })

  test('an embedding and several outputs', () => {
    const model = tinyModel()
    const shown = withOutputs(model, { logits: 'head', embedding: 'flatten', 'feature map': 'stage3.1.relu' })
    expect(fromCoreML(toCoreML(shown, { precision: 'float32' }))).toEqual(portable(shown))
    const embedded = fromCoreML(toCoreML(model, { precision: 'float32', embedding: true }))
    expect(embedded.outputs).toEqual({ logits: 'head', embedding: 'flatten' })
  })

  // The other variants, and many classes: round-trip.slow.test.ts.
  test('S0', () => {
    const plain = initialize(mobileone(variants.s0, { form: 'deploy' }), { seed: 1 })
    expectRoundTrip(withCard(plain, fullCard(1000, [224, 224])))
  })

  test.each([1, 2])('%i classes', (classes) => {
    expectRoundTrip(tinyModel({ ...tinyConfig, classes }))
  })

  test.each([
    [1, 1],
    [33, 29],
    [97, 97],
  ])('inputs of %i x %i', (height, width) => {
    const model = tinyModel({ ...tinyConfig, input: { channels: 3, size: [height, width] } })
    expect(fromCoreML(toCoreML(model, { precision: 'float32' }))).toEqual(portable(model))
  })

  test('five input channels, as an array', () => {
    const graph = mobileone({ ...tinyConfig, input: { channels: 5, size: [32, 32] } }, { form: 'deploy' })
    const model = initialize(graph, { seed: 1 })
    expect(fromCoreML(toCoreML(model, { precision: 'float32' }))).toEqual(portable(model))
  })
})

test('random networks, labels and sizes read back equal', () => {
  const source = random(20260715)
  for (let round = 0; round < 25; round++) {
    const integer = (least: number, most: number): number => source.integer(least, most)
    const config: MobileOneConfig = {
      name: `network ${round}`,
      input: { channels: [1, 3, 4, 5][integer(0, 3)] as number, size: [integer(1, 40), integer(1, 40)] },
      stem: { channels: integer(1, 9), stride: integer(1, 2), branches: 1 },
      stages: Array.from({ length: integer(1, 4) }, () => {
        const blocks = integer(1, 2)
        const [channels, stride] = [integer(1, 17), integer(1, 2)]
        return {
          blocks,
          channels,
          stride,
          branches: 1,
          squeezeExcite: channels < 16 ? 0 : integer(0, blocks),
        }
      }),
      classes: integer(1, 30),
    }
    const plain = initialize(mobileone(config, { form: 'deploy' }), { seed: round })
    const model = [1, 3].includes(config.input.channels)
      ? withCard(plain, {
          ...fullCard(config.classes, config.input.size),
          preprocess: {
            size: config.input.size,
            resize: 64,
            interpolation: 'bilinear',
            mean: Array.from({ length: config.input.channels }, () => source.next()),
            std: Array.from({ length: config.input.channels }, () => source.next() + 0.1),
          },
        })
      : plain
    const context = `round ${round}: ${JSON.stringify(config)}`
    expect(fromCoreML(toCoreML(model, { precision: 'float32' })), context).toEqual(portable(model))
    expect(fromCoreML(toCoreML(model)), context).toEqual(portable(halved(model)))
  }
})

test.each(['float32', 'float16', 'int8'] as const)(
  'the blobs of a %s weight file follow each other, as Core ML counts them',
  (precision) => {
    const bytes = toCoreML(wideModel(), { precision }).files[weightsPath] as Uint8Array
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    expect(view.getUint32(4, true)).toBe(2)
    let end = 64
    for (let blob = 0; blob < view.getUint32(0, true); blob++) {
      const at = Math.ceil(end / 64) * 64
      expect(view.getUint32(at, true), `blob ${blob} at byte ${at}`).toBe(0xdeadbeef)
      expect(view.getBigUint64(at + 16, true)).toBe(BigInt(at + 64))
      end = at + 64 + Number(view.getBigUint64(at + 8, true))
    }
    expect(end).toBe(bytes.length)
  },
)

test('the same model and options give the same bytes, other weights other identifiers', () => {
  const [a, b] = [zipPackage(toCoreML(tinyModel())), zipPackage(toCoreML(tinyModel()))]
  expect(Buffer.compare(Buffer.from(a), Buffer.from(b))).toBe(0)
  const other = toCoreML({
    ...tinyModel(),
    weights: initialize(mobileone(tinyConfig, { form: 'deploy' }), { seed: 9 }).weights,
  })
  expect(other.files['Manifest.json']).not.toEqual(toCoreML(tinyModel()).files['Manifest.json'])
})

describe('the interpreter', () => {
  test.each([
    ['float32', 1e-5],
    ['float16', 2e-2],
    ['int8', 0.1],
  ] as const)('%s gives the logits of the reference', async (precision, tolerance) => {
    const model = wideModel()
    const inputs = normalInputs(model)
    await using wanted = await reference().compile(model)
    await using got = interpretPackage(toCoreML(model, { precision, input: 'array', output: 'values' }))
    const [a, b] = [(await wanted.run(inputs)).logits as Tensor, (await got.run(inputs)).logits as Tensor]
    const scale = a.data.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
    for (const [index, value] of a.data.entries()) {
      expect(Math.abs(value - (b.data[index] as number)) / scale).toBeLessThan(tolerance)
    }
  })

  test('applies mean and std of each channel to pixels', async () => {
    const model = tinyModel()
    const [, height = 0, width = 0] = [0, ...tinyConfig.input.size]
    const pixels = Float32Array.from({ length: 3 * height * width }, (_, index) => (index * 37) % 256)
    const { mean = [], std = [] } = model.card?.preprocess ?? {}
    const normalized = pixels.map((value, index) => {
      const channel = Math.floor(index / (height * width))
      return (value / 255 - (mean[channel] as number)) / (std[channel] as number)
    })
    await using wanted = await reference().compile(model)
    await using got = interpretPackage(toCoreML(model, { precision: 'float32' }))
    const shape = [1, 3, height, width]
    const { logits } = await wanted.run({ image: tensor(shape, normalized) })
    const { classLabel_probs: probabilities } = await got.run({ image: tensor(shape, pixels) })
    const powers = (logits as Tensor).data.map(Math.exp)
    const sum = powers.reduce((total, value) => total + value, 0)
    for (const [index, power] of powers.entries())
      expect(probabilities?.data[index]).toBeCloseTo(power / sum, 4)
  })
})

describe('what cannot be written is refused', () => {
  const model = tinyModel()
  test.each<[string, () => unknown, string]>([
    [
      'train form',
      () => toCoreML(initialize(mobileone(tinyConfig, { form: 'train' }), { seed: 1 })),
      'unsupported',
    ],
    [
      'a classifier without labels',
      () => toCoreML({ ...model, card: {} }, { output: 'classifier' }),
      'invalid-argument',
    ],
    [
      'labels of another number',
      () => toCoreML(withCard(model, { labels: ['a'] }), { output: 'classifier' }),
      'invalid-argument',
    ],
    [
      'an image without mean and std',
      () => toCoreML({ ...model, card: {} }, { input: 'image' }),
      'invalid-argument',
    ],
    ['int8 for iOS 15', () => toCoreML(model, { precision: 'int8', target: 'ios15' }), 'invalid-argument'],
    [
      'equal labels, when asked',
      () => toCoreML(withCard(model, { labels: ['a', 'b', 'a', 'c', 'd'] }), { duplicateLabels: 'refuse' }),
      'invalid-argument',
    ],
  ])('%s', (_, run, expected) => {
    expect(code(run)).toBe(expected)
  })

  test('weights beyond float16, which float32 takes', () => {
    const weights = { ...model.weights, 'head.bias': tensor([5], Float32Array.of(1, 70_000, 0, 0, 0)) }
    expect(code(() => toCoreML({ ...model, weights }))).toBe('unsupported')
    expect(() => toCoreML({ ...model, weights })).toThrow(/"head.bias".*70000.*float32/)
    expect(code(() => toCoreML({ ...model, weights }, { precision: 'float32' }))).toBeUndefined()
  })

  test.each([
    [1e6, 0, 1e6],
    [1e-9, 0, 1e-9],
    [1, -70_000, -70_000],
    [2, 1e-8, 1e-8],
  ])('%d x + %d beyond float16, which float32 takes', (scale, offset, named) => {
    const affine = makeModel({
      inputs: { x: [1, 2, 3, 3] },
      nodes: [{ op: 'affine', name: 'a b', inputs: ['x'], scale, offset }],
    })
    expect(code(() => toCoreML(affine))).toBe('unsupported')
    expect(() => toCoreML(affine)).toThrow(
      `"a b" uses the number ${named}, and float16 goes from ${2 ** -24} to 65504; export with precision "float32"`,
    )
    expect(code(() => toCoreML(affine, { precision: 'float32' }))).toBeUndefined()
  })

  test('equal labels get suffixes, and come back as they were', () => {
    const labelled = withCard(model, { labels: ['crane', 'crane (2)', 'crane', 'x', 'crane'] })
    const read = fromCoreML(toCoreML(labelled, { precision: 'float32' }))
    expect(read).toEqual(portable(labelled))
  })
})

test('names that are words of MIL or alike once dots are gone stay apart', () => {
  const graph = mobileone(
    configFromWidths({
      name: 'a b/c',
      widths: [0.1, 0.1, 0.1, 0.1],
      blocks: [1, 1, 1, 1],
      branches: 1,
      classes: 3,
    }),
    { form: 'deploy' },
  )
  const model = initialize(graph, { seed: 1 })
  const nodes = model.nodes.map((node) =>
    node.op === 'relu' && node.inputs[0] === 'stem' ? { ...node, name: 'tensor' } : node,
  )
  const renamed = {
    ...model,
    nodes: nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map((name) => (name === 'stem.relu' ? 'tensor' : name)),
    })),
  } as unknown as Model
  expect(fromCoreML(toCoreML(renamed, { precision: 'float32' }))).toEqual(portable(renamed))
})
