import {
  configFromWidths,
  type Graph,
  initialize,
  isMobileOneError,
  type Model,
  mobileone,
  random,
  type Tensor,
  tensor,
  withBatch,
  withCard,
} from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { decodeModel } from '../src/decode.ts'
import { onnx, toOnnx } from '../src/index.ts'
import { randomInputs, randomModel, randomTensor } from './support/random-model.ts'
import { difference, expectClose, runOnnx, runReference, runtimes } from './support/run.ts'

const card = {
  description: 'A test network.',
  author: 'Ada, Grace',
  licence: 'MIT',
  source: 'https://example.org/weights',
  labels: ['a', 'b', 'c'],
  preprocess: {
    size: [33, 29],
    resize: 40,
    interpolation: 'bilinear',
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  },
} as const

const config = configFromWidths({
  name: 'tiny',
  widths: [0.15, 0.1, 0.1, 0.1],
  blocks: [1, 1, 1, 1],
  branches: 1,
  classes: 3,
  inputSize: [33, 29],
})
const model = withCard(
  initialize(mobileone(config, { form: 'deploy' }), { seed: 1, statistics: 'random' }),
  card,
)

/** A network of one relu, to show names with. */
function identity(
  inputs: string,
  node: string,
  outputs: Graph['outputs'],
  weights: Model['weights'] = {},
): Model {
  return {
    name: 'names',
    inputs: { [inputs]: { dtype: 'float32', shape: [1, 2] } },
    nodes: [{ op: 'relu', name: node, inputs: [inputs] }],
    outputs,
    weights,
  }
}

describe('a file', () => {
  test('is opset 17 of IR version 8, with the card as metadata', () => {
    const file = decodeModel(toOnnx(model))
    expect(file.irVersion).toBe(8)
    expect(file.opsets).toEqual([{ domain: '', version: 17 }])
    expect(file.graph.name).toBe('tiny')
    expect(file.docString).toBe(card.description)
    expect(Object.fromEntries(file.metadata)).toEqual({
      model_author: card.author,
      model_license: card.licence,
      source: card.source,
      labels: JSON.stringify(card.labels),
      preprocess: JSON.stringify(card.preprocess),
    })
  })

  test('has the same bytes for the same model, however it was put together', () => {
    const bytes = toOnnx(model, { softmax: true, preprocess: true, dynamicBatch: true })
    expect(toOnnx(structuredClone(model), { dynamicBatch: true, softmax: true, preprocess: true })).toEqual(
      bytes,
    )
    expect(toOnnx(randomModel(5))).toEqual(toOnnx(randomModel(5)))
  })

  test('keeps the names of nodes, weights, inputs and outputs', () => {
    const { graph } = decodeModel(toOnnx(model))
    expect(graph.nodes.map((node) => node.name)).toEqual(model.nodes.map((node) => node.name))
    expect(graph.initializers.map((weight) => weight.name).sort()).toEqual(Object.keys(model.weights).sort())
    expect(graph.inputs).toEqual([{ name: 'image', elementType: 1, shape: [1, 3, 33, 29] }])
    expect(graph.outputs).toEqual([{ name: 'logits', elementType: 1, shape: [1, 3] }])
    expect(graph.nodes.at(-1)?.outputs).toEqual(['logits'])
  })

  test('holds each weight once, as raw bytes', () => {
    const { graph } = decodeModel(toOnnx(model))
    for (const weight of graph.initializers) {
      const { data, shape } = model.weights[weight.name] as Tensor
      expect(weight.dims).toEqual(shape)
      expect(new Uint8Array((weight.raw as Uint8Array).slice().buffer)).toEqual(
        new Uint8Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)),
      )
    }
  })
})

describe('names that ONNX cannot hold as they are', () => {
  test.each([
    ['an output named as another value', identity('x', 'y', { y: 'y', x2: 'x' }), ['y', 'x2']],
    [
      'an output named as a node that is not it',
      {
        ...identity('x', 'a', { b: 'a' }),
        nodes: [
          { op: 'relu', name: 'b', inputs: ['x'] },
          { op: 'sigmoid', name: 'a', inputs: ['b'] },
        ],
      } as Model,
      ['b'],
    ],
    ['a lone surrogate', identity('x', 'node \ud800', { out: 'node \ud800' }), ['out']],
    [
      'a value named as a weight',
      {
        ...identity('x', 'w', { out: 'h' }),
        nodes: [
          { op: 'relu', name: 'w', inputs: ['x'] },
          { op: 'linear', name: 'h', inputs: ['w'], weight: 'w' },
        ],
        weights: { w: tensor([2, 2], Float32Array.of(1, 2, 3, 4)) },
      } as Model,
      ['out'],
    ],
  ])('%s', async (_, named, outputs) => {
    const inputs = randomInputs(named, 1)
    const results = await runOnnx('onnxruntime-node', toOnnx(named), inputs)
    expect(Object.keys(results)).toEqual(outputs)
    expectClose(results, await runReference(named, inputs), 1e-6)
  })

  test('one name for an input and an output is refused', () => {
    expect(() => toOnnx(identity('x', 'y', { x: 'y' }))).toThrow(/"x" names an input and an output/)
  })
})

describe.each(runtimes)('options, in %s', (runtime) => {
  const inputs = randomInputs(model, 3)

  test('softmax gives probabilities', async () => {
    const { logits } = await runReference(model, inputs)
    const { probabilities, ...others } = await runOnnx(runtime, toOnnx(model, { softmax: true }), inputs)
    expect(others).toEqual({})
    const powers = Array.from((logits as Tensor).data, (value) => Math.exp(value))
    const total = powers.reduce((sum, value) => sum + value, 0)
    const wanted = Float32Array.from(powers, (value) => value / total)
    expect(difference((probabilities as Tensor).data, wanted)).toBeLessThan(1e-6)
  })

  test('dynamicBatch takes any batch', async () => {
    const bytes = toOnnx(model, { dynamicBatch: true })
    for (const batch of [1, 2, 5]) {
      const changed = withBatch(model, batch)
      const given = randomInputs(changed, batch)
      expectClose(await runOnnx(runtime, bytes, given), await runReference(changed, given), 1e-5)
    }
  })

  test.each([
    { layout: 'nchw', dtype: 'float32' },
    { layout: 'nchw', dtype: 'uint8' },
    { layout: 'nhwc', dtype: 'float32' },
    { layout: 'nhwc', dtype: 'uint8' },
  ] as const)('preprocess takes %j pixels', async ({ layout, dtype }) => {
    const [n, c, h, w] = [2, 3, 33, 29]
    const source = random(9)
    const pixels = randomTensor([n, c, h, w], () => source.integer(0, 255))
    const { mean, std } = card.preprocess
    const normal = pixels.data.map((pixel, index) => {
      const channel = Math.floor(index / (h * w)) % c
      return (pixel / 255 - (mean[channel] as number)) / (std[channel] as number)
    })
    const wanted = await runReference(withBatch(model, n), { image: tensor(pixels.shape, normal) })

    let shape: readonly number[] = pixels.shape
    let data = pixels.data
    if (layout === 'nhwc') {
      shape = [n, h, w, c]
      data = data.map((_, index) => {
        const [batch, pixel, channel] = [
          Math.floor(index / (h * w * c)),
          Math.floor(index / c) % (h * w),
          index % c,
        ]
        return pixels.data[(batch * c + channel) * h * w + pixel] as number
      })
    }
    const bytes = toOnnx(model, { preprocess: { layout, dtype }, dynamicBatch: true })
    const image = { shape, data: dtype === 'uint8' ? Uint8Array.from(data) : data }
    expectClose(await runOnnx(runtime, bytes, { image }), wanted, 1e-5)
    if (layout === 'nchw' && dtype === 'float32') {
      expect(toOnnx(model, { preprocess: true, dynamicBatch: true })).toEqual(bytes)
    }
  })

  test('all options together', async () => {
    const bytes = toOnnx(model, {
      softmax: true,
      dynamicBatch: true,
      preprocess: { layout: 'nhwc', dtype: 'uint8' },
    })
    const image = { shape: [2, 33, 29, 3], data: new Uint8Array(2 * 33 * 29 * 3).fill(127) }
    const { probabilities } = await runOnnx(runtime, bytes, { image })
    expect(probabilities?.shape).toEqual([2, 3])
    expect((probabilities as Tensor).data.reduce((sum, value) => sum + value, 0)).toBeCloseTo(2, 5)
  })
})

test('with preprocessing in the graph, the card says what is left to do', () => {
  const metadata = new Map(decodeModel(toOnnx(model, { preprocess: true })).metadata)
  expect(JSON.parse(metadata.get('preprocess') as string)).toEqual({
    ...card.preprocess,
    mean: [0, 0, 0],
    std: [1 / 255, 1 / 255, 1 / 255],
  })
})

test('the exporter writes the same bytes', () => {
  const exporter = onnx()
  expect(exporter).toMatchObject({ specVersion: 1, format: 'onnx', endings: ['.onnx'] })
  expect(exporter.export(model)).toEqual([{ path: `${model.name}.onnx`, bytes: toOnnx(model) }])
  expect(exporter.export(model, { softmax: true }, 'a.onnx')).toEqual([
    { path: 'a.onnx', bytes: toOnnx(model, { softmax: true }) },
  ])
})

describe('refusals', () => {
  const twoOutputs = { ...model, outputs: { logits: 'head', embedding: 'flatten' } }
  const map = { ...model, outputs: { map: 'pool' }, nodes: model.nodes.slice(0, -2), weights: withoutHead() }
  const ended: Model = {
    ...model,
    nodes: [...model.nodes, { op: 'softmax', name: 'classes', inputs: ['head'] }],
    outputs: { classes: 'classes' },
  }
  const { card: _, ...cardless } = model

  test.each([
    ['two outputs', () => toOnnx(twoOutputs, { softmax: true }), /this one has 2/],
    [
      'a feature map',
      () => toOnnx(map, { softmax: true }),
      /needs an output \[N, C\], and "pool" is \[1, 51, 1, 1\]/,
    ],
    ['a second softmax', () => toOnnx(ended, { softmax: true }), /ends in a softmax already/],
    [
      'no card',
      () => toOnnx(cardless, { preprocess: true }),
      /needs mean and std in the model card, which has none/,
    ],
    [
      'two means',
      () => toOnnx(withMean([0, 0]), { preprocess: true }),
      /3 finite means .* has mean \[0, 0\]/,
    ],
    ['a NaN', () => toOnnx(withMean([0, 0, Number.NaN]), { preprocess: true }), /finite means/],
  ])('%s', (_, run, message) => {
    expect(codeOf(run)).toBe('invalid-argument')
    expect(run).toThrow(message)
  })

  test('a model that is not well formed', () => {
    expect(codeOf(() => toOnnx({ ...model, weights: {} }))).toBe('invalid-model')
  })

  test('more than 2 GB, before any of it is copied', () => {
    const shared = tensor([4096, 4096])
    const names = Array.from({ length: 33 }, (_, index) => `w${index}`)
    const huge: Model = {
      name: 'huge',
      inputs: { x: { dtype: 'float32', shape: [1, 4096] } },
      nodes: names.map((name, index) => ({
        op: 'linear',
        name: `h${index}`,
        inputs: [index === 0 ? 'x' : `h${index - 1}`],
        weight: name,
      })),
      outputs: { y: 'h32' },
      weights: Object.fromEntries(names.map((name) => [name, shared])),
    }
    expect(codeOf(() => toOnnx(huge))).toBe('unsupported')
    expect(() => toOnnx(huge)).toThrow(
      /"huge" takes 22\d{8} bytes as ONNX, and one file holds at most 2147483647/,
    )
  })

  function withMean(mean: readonly number[]): Model {
    return withCard(model, { preprocess: { ...card.preprocess, mean } })
  }

  function withoutHead(): Model['weights'] {
    return Object.fromEntries(Object.entries(model.weights).filter(([name]) => !name.startsWith('head.')))
  }
})

function codeOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    return isMobileOneError(error) ? error.code : String(error)
  }
}
