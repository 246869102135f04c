import { floatWeight, isMobileOneError, type Model, type Node, type Weight } from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import { tflite, toTflite } from '../src/index.ts'
import { convolution, deploy, network, train } from './support/models.ts'
import { type ReadFile, readTflite } from './support/read-tflite.ts'

const builtins: Readonly<Record<number, string>> = {
  0: 'ADD',
  3: 'CONV_2D',
  4: 'DEPTHWISE_CONV_2D',
  9: 'FULLY_CONNECTED',
  14: 'LOGISTIC',
  18: 'MUL',
  19: 'RELU',
  22: 'RESHAPE',
  25: 'SOFTMAX',
  34: 'PAD',
  40: 'MEAN',
}

/** One line per operator. */
function text({ operators }: ReadFile): string[] {
  return operators.map(({ builtin, inputs, output }) => {
    const reads = inputs.map((tensor) => tensor?.name ?? 'none').join(', ')
    return `${output.name} [${output.shape.join(', ')}] = ${builtins[builtin]}(${reads})`
  })
}

const relu = (name: string, input: string): Node => ({ op: 'relu', name, inputs: [input] })

describe('toTflite', () => {
  it('writes NHWC, the ReLU inside the convolution, names and a signature', () => {
    const conv = convolution([1, 3, 8, 6], [4, 3, 3, 3], { padding: [1, 1] })
    const file = readTflite(
      toTflite({ ...conv, nodes: [...conv.nodes, relu('r', 'conv')], outputs: { y: 'r' } }),
    )
    expect(file).toMatchObject({ identifier: 'TFL3', version: 3 })
    expect(file.inputs).toEqual([{ name: 'image', shape: [1, 8, 6, 3], type: 0, bytes: 0 }])
    expect(text(file)).toEqual(['r [1, 8, 6, 4] = CONV_2D(image, weight, bias)'])
    expect(file.operators[0]?.inputs[1]).toEqual({
      name: 'weight',
      shape: [4, 3, 3, 3],
      type: 0,
      bytes: 4 * 3 * 9 * 4,
    })
  })

  it('pads before a stride, and keeps a ReLU that is not the only reader', () => {
    const conv = convolution([1, 3, 8, 6], [4, 3, 3, 3], { padding: [1, 1], stride: [2, 2] })
    const nodes: Node[] = [
      ...conv.nodes,
      relu('r', 'conv'),
      { op: 'add', name: 'sum', inputs: ['r', 'conv'] },
    ]
    expect(text(readTflite(toTflite({ ...conv, nodes, outputs: { y: 'sum' } })))).toEqual([
      'conv.padded [1, 10, 8, 3] = PAD(image, conv.padding)',
      'conv [1, 4, 3, 4] = CONV_2D(conv.padded, weight, bias)',
      'r [1, 4, 3, 4] = RELU(conv)',
      'sum [1, 4, 3, 4] = ADD(r, conv)',
    ])
  })

  it('gives the same bytes for the same model, behind the exporter contract too', async () => {
    const bytes = toTflite(deploy)
    expect(Buffer.compare(toTflite(deploy), bytes)).toBe(0)
    const exporter = tflite()
    expect(exporter).toMatchObject({ specVersion: 1, format: 'tflite', endings: ['.tflite'], options: {} })
    expect(await exporter.export(deploy)).toEqual([{ path: 'small.tflite', bytes }])
    expect(await exporter.export(deploy, undefined, 'mine.tflite')).toEqual([{ path: 'mine.tflite', bytes }])
  })

  it('writes int8 weights as the float32 they stand for', () => {
    const conv = convolution([1, 3, 8, 6], [4, 3, 3, 3])
    const weight: Weight = {
      dtype: 'int8',
      shape: [4, 3, 3, 3],
      data: Int8Array.from({ length: 108 }, (_, index) => index - 50),
      scales: Float32Array.of(0.5, 0.25, 2, 1),
    }
    const int8: Model = { ...conv, weights: { ...conv.weights, weight } }
    const float32: Model = { ...conv, weights: { ...conv.weights, weight: floatWeight(int8, 'weight') } }
    expect(toTflite(int8)).toEqual(toTflite(float32))
  })

  const shape = [1, 4, 5, 3]
  const refusals: readonly [what: string, model: Model, message: RegExp][] = [
    ['a train form', train, /"stem\.\S+" is a batchNorm; fold the model first \(reparameterize\)/],
    ['gelu', network(shape, [{ op: 'gelu', name: 'g', inputs: ['image'] }]), /"g" is a gelu/],
    [
      'a grouped convolution',
      convolution(shape, [4, 2, 1, 1], { groups: 2 }),
      /"conv" convolves 2 groups of 2 channels; dense and depthwise convolutions are written/,
    ],
    [
      'a flattened map',
      network(shape, [{ op: 'flatten', name: 'flat', inputs: ['image'] }]),
      /"flat" flattens 4 maps of 5 x 3; pool them first/,
    ],
    [
      'two outputs',
      { ...network(shape, [relu('r', 'image')]), outputs: { a: 'r', b: 'image' } },
      /it has the inputs image and the outputs a, b; one of each is written/,
    ],
  ]
  it.each(refusals)('refuses %s', (_, model, message) => {
    let error: unknown
    try {
      toTflite(model)
    } catch (thrown) {
      error = thrown
    }
    expect(isMobileOneError(error) && error.code).toBe('unsupported')
    expect((error as Error).message).toMatch(message)
    expect((error as Error).message).toContain(`cannot write model "${model.name}" as .tflite`)
  })

  it('refuses a model that is not valid', () => {
    expect(() => toTflite(network(shape, [relu('r', 'nothing')]))).toThrow(/nothing/)
  })
})
