import {
  floatWeight,
  initialize,
  isMobileOneError,
  type Model,
  maxAbsDifference,
  mobileone,
  reference,
  spec,
  type Tensor,
  tensor,
  variants,
  withBatch,
  withCard,
  withOutputs,
} from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { fromMLModel, mlmodel, toMLModel } from '../src/mlmodel.ts'
import { lintNetwork } from '../src/neural-network/lint-network.ts'
import type { Layer, Network } from '../src/neural-network/network.ts'
import { buildNetwork } from '../src/neural-network/to-mlmodel.ts'
import { fullCard, normalInputs, tinyConfig, tinyModel } from './support/models.ts'

/** Check that both are one network: nodes, names and every element. */
function expectEqual(read: Model, model: Model): void {
  expect(read.inputs).toEqual(model.inputs)
  expect(read.nodes).toEqual(model.nodes)
  expect(read.outputs).toEqual(model.outputs)
  expect(Object.keys(read.weights).sort()).toEqual(Object.keys(model.weights).sort())
  for (const name of Object.keys(model.weights))
    expect(maxAbsDifference(floatWeight(read, name), floatWeight(model, name)), name).toBe(0)
}

describe('a float32 file reads back as an equal model', () => {
  test.each([
    ['array, values', { input: 'array', output: 'values' }],
    ['image, classifier', {}],
    ['image, classifier, embedding', { embedding: true }],
    ['image, values', { output: 'values' }],
  ] as const)('%s', (_, options) => {
    const model = tinyModel()
    const read = fromMLModel(toMLModel(model, options))
    const outputs = 'embedding' in options ? { ...model.outputs, embedding: 'flatten' } : model.outputs
    expectEqual(read, { ...model, outputs })
    expect(read.card).toEqual(model.card)
    expect(read.name).toBe('tiny')
  })

  test('both forms, and S0', () => {
    for (const form of ['deploy', 'train'] as const) {
      for (const config of form === 'train' ? [tinyConfig] : [tinyConfig, { ...variants.s0, classes: 12 }]) {
        const model = initialize(mobileone(config, { form }), { seed: 2, statistics: 'random' })
        expectEqual(fromMLModel(toMLModel(model)), model)
      }
    }
  })

  test('batches, several outputs, one value shown twice', () => {
    const shown = { 'the logits': 'head', map: 'stage3.1.relu', again: 'head' }
    const model = withOutputs(withBatch(tinyModel(), 3), shown)
    expectEqual(fromMLModel(toMLModel(model, { input: 'array', output: 'values' })), model)
  })

  test('one channel, one deviation: everything is in the scaler', () => {
    const model = tinyModel({ ...tinyConfig, input: { channels: 1, size: [33, 20] } })
    const preprocess = { ...fullCard(5, [33, 20]).preprocess, mean: [0.5], std: [0.25] }
    const gray = withCard(model, { ...model.card, preprocess } as NonNullable<Model['card']>)
    const { layers, scaler } = buildNetwork(gray)
    expect(layers[0]?.params.kind).toBe('convolution')
    expect(scaler).toEqual({ feature: 'image', channelScale: 1 / (255 * 0.25), bias: [-2] })
    expectEqual(fromMLModel(toMLModel(gray)), gray)
  })

  test('every op', () => {
    const model: Model = {
      name: 'every op',
      inputs: { 'the map': spec([2, 4, 5, 3]) },
      nodes: [
        {
          op: 'conv2d',
          name: 'conv/1',
          inputs: ['the map'],
          weight: 'w',
          stride: [2, 1],
          padding: [1, 0],
          dilation: [1, 2],
          groups: 2,
        },
        { op: 'silu', name: 'silu', inputs: ['conv/1'] },
        { op: 'gelu', name: 'gelu', inputs: ['silu'] },
        { op: 'add', name: 'add', inputs: ['gelu', 'conv/1'] },
        { op: 'globalAvgPool', name: 'pool', inputs: ['add'] },
        { op: 'sigmoid', name: 'gate', inputs: ['pool'] },
        { op: 'mul', name: 'mul', inputs: ['add', 'gate'] },
        { op: 'flatten', name: 'flat.ten', inputs: ['mul'] },
        { op: 'linear', name: 'linear', inputs: ['flat.ten'], weight: 'w2', bias: 'b2' },
        { op: 'softmax', name: 'softmax', inputs: ['linear'] },
      ],
      outputs: { y: 'softmax', input: 'the map' },
      weights: {
        w: tensor(
          [6, 2, 2, 2],
          Float32Array.from({ length: 48 }, (_, index) => Math.sin(index)),
        ),
        w2: tensor(
          [3, 18],
          Float32Array.from({ length: 54 }, (_, index) => Math.cos(index)),
        ),
        b2: tensor([3], Float32Array.of(1, 2, 3)),
      },
    }
    expectEqual(fromMLModel(toMLModel(model)), model)
  })
})

describe('the writer', () => {
  test('float16 halves the file, and the logits stay near', async () => {
    const model = tinyModel({ ...tinyConfig, classes: 500 })
    const half = toMLModel(model, { weights: 'float16' })
    const full = toMLModel(model)
    const elements = Object.values(model.weights).reduce((sum, { data }) => sum + data.length, 0)
    // The deviations of the image keep float32, and lengths take fewer bytes.
    expect(full.length - half.length).toBeGreaterThanOrEqual(elements * 2)
    expect(full.length - half.length).toBeLessThan(elements * 2 + 200)
    const logits = await Promise.all(
      [model, fromMLModel(half)].map(async (each) => {
        await using executor = await reference().compile(each)
        return (await executor.run(normalInputs(model))).logits as Tensor
      }),
    )
    const [exact, near] = logits as [Tensor, Tensor]
    const scale = exact.data.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
    expect(maxAbsDifference(exact, near) / scale).toBeLessThan(5e-3)
    expect(maxAbsDifference(exact, near)).toBeGreaterThan(0)
  })

  test('the same model and options give the same bytes, which start as Core ML files do', () => {
    const bytes = toMLModel(tinyModel())
    const { name } = tinyModel()
    expect(mlmodel().export(tinyModel())).toEqual([{ path: `${name}.mlmodel`, bytes }])
    expect([...bytes.subarray(0, 3)]).toEqual([0x08, 4, 0x12])
  })

  const code = (work: () => unknown): string => {
    try {
      work()
      return 'nothing'
    } catch (error) {
      return isMobileOneError(error) ? error.code : String(error)
    }
  }
  test('what it refuses', () => {
    const model = tinyModel()
    const large = { ...model.weights, 'head.bias': tensor([5], Float32Array.of(1, 7e4, 0, 0, 0)) }
    expect(() => toMLModel({ ...model, weights: large }, { weights: 'float16' })).toThrow(
      /head.bias.*70000, and float16 ends at 65504; write weights: "float32"/,
    )
    const damaged = { ...model.weights, 'head.bias': tensor([5], Float32Array.of(1, Number.NaN, 0, 0, 0)) }
    expect(() => toMLModel({ ...model, weights: damaged })).toThrow(/the checkpoint is damaged/)
    expect(code(() => toMLModel(model, { weights: 'int8' as 'float16' }))).toBe('invalid-argument')
    expect(code(() => toMLModel({ ...model, card: {} }, { output: 'classifier' }))).toBe('invalid-argument')
    const train = initialize(mobileone(tinyConfig, { form: 'train' }), { seed: 1 })
    const nodes = train.nodes.map((node) => (node.op === 'batchNorm' ? { ...node, epsilon: 0 } : node))
    expect(() => toMLModel({ ...train, nodes })).toThrow(/epsilon of 0, which the format takes for 1e-5/)
  })
})

describe('the linter finds', () => {
  const good = buildNetwork(tinyModel())
  const change = (at: string, edit: (layer: Layer) => Layer): Network => ({
    ...good,
    layers: good.layers.map((layer) => (layer.name === at ? edit(layer) : layer)),
  })
  const params = (at: string, fields: object): Network =>
    change(at, (layer) => ({ ...layer, params: { ...layer.params, ...fields } as Layer['params'] }))
  const described = (fields: Partial<Network['description']>): Network => ({
    ...good,
    description: { ...good.description, ...fields },
  })
  const { inputs, outputs } = good.description

  test('nothing wrong with what is written', () => {
    expect(lintNetwork(good)).toEqual([])
  })
  test.each<[string, Network, RegExp]>([
    ['an old version', { ...good, version: 3 }, /version 4 to 9, not 3/],
    ['no layers', { ...good, layers: [] }, /no layer/],
    [
      'a value made twice',
      change('stem.relu', (layer) => ({ ...layer, name: 'stem' })),
      /two values are named "stem"/,
    ],
    [
      'a value from later',
      change('stem', (layer) => ({ ...layer, inputs: ['head'] })),
      /reads "head", which no/,
    ],
    [
      'a missing input',
      change('stage3.2.se', (layer) => ({ ...layer, inputs: layer.inputs.slice(1) })),
      /reads 1 v/,
    ],
    [
      'weights of the wrong number',
      params('stem', { weights: new Float32Array(5) }),
      /has 5 elements of weights/,
    ],
    ['a bias of the wrong number', params('head', { bias: new Float32Array(4) }), /has 4 elements of bias/],
    ['weights of two kinds', params('head', { bias: new Uint16Array(5) }), /in float32 and in float16/],
    ['groups that do not divide', params('stem', { groups: 2 }), /kernels of 3 channels in 2 groups/],
    ['a stride of 0', params('stem', { stride: [0, 1] }), /not positive/],
    ['kernels larger than the map', params('stem', { dilation: [90, 1] }), /larger than the padded map/],
    ['another width', params('head', { inputChannels: 3 }), /takes 3 channels/],
    [
      'fewer labels',
      { ...good, classifier: { labels: ['a'], probabilities: 'classLabel_probs' } },
      /1 labels for 5/,
    ],
    [
      'equal labels',
      { ...good, classifier: { labels: ['a', 'a', 'b', 'c', 'd'], probabilities: 'classLabel_probs' } },
      /two classes have one label/,
    ],
    [
      'probabilities of no layer',
      { ...good, classifier: { labels: ['a'], probabilities: 'x' } },
      /no layer makes/,
    ],
    ['no label feature', described({ predictedFeatureName: 'x' }), /the label "x" is missing/],
    ['no probabilities feature', described({ predictedProbabilitiesName: '' }), /are missing/],
    [
      'an image of no colour',
      described({
        inputs: [
          {
            name: 'image',
            description: '',
            type: { kind: 'image', width: 37, height: 45, colorSpace: 'none' },
          },
        ],
      }),
      /colour space/,
    ],
    [
      'an input nobody reads',
      described({ inputs: [...inputs, { ...(inputs[0] as (typeof inputs)[0]), name: 'b' }] }),
      /no layer reads/,
    ],
    [
      'a feature with a dot',
      described({ inputs: [{ ...(inputs[0] as (typeof inputs)[0]), name: 'a.b' }] }),
      /no identifier/,
    ],
    [
      'an output nobody makes',
      described({
        outputs: [
          ...outputs,
          { name: 'o', description: '', type: { kind: 'multiArray', dtype: 'fp32', shape: [1] } },
        ],
      }),
      /no layer makes the output "o"/,
    ],
    [
      'a scaler for nothing',
      { ...good, scaler: { feature: 'x', channelScale: 1, bias: [0, 0, 0] } },
      /no image/,
    ],
    [
      'a scaler of 0',
      { ...good, scaler: { feature: 'image', channelScale: 0, bias: [0, 0, 0] } },
      /the numbers 0/,
    ],
    [
      'a scaler of one bias',
      { ...good, scaler: { feature: 'image', channelScale: 1, bias: [0] } },
      /1 biases for 3/,
    ],
  ])('%s', (_, network, message) => {
    expect(
      lintNetwork(network)
        .map((problem) => problem.message)
        .join('\n'),
    ).toMatch(message)
  })

  test('an output of another shape', () => {
    const values = buildNetwork(tinyModel(), { output: 'values' })
    const [output] = values.description.outputs
    const wrong = {
      ...output,
      type: { kind: 'multiArray', dtype: 'fp32', shape: [1, 6] },
    } as (typeof outputs)[0]
    const network = { ...values, description: { ...values.description, outputs: [wrong] } }
    expect(lintNetwork(network)[0]?.message).toMatch(/described as \[1, 6\], and the network makes \[1, 5\]/)
  })
})
