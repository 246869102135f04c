import {
  floatWeight,
  isMobileOneError,
  type Model,
  type Node,
  tensor,
  type Weight,
  withCard,
} from '@mobileone/core'
import { unzipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { type TfliteOptions, tflite, toTflite } from '../src/index.ts'
import { convolution, deploy, network, train } from './support/models.ts'
import { type ReadFile, readMetadata, readTflite } from './support/read-tflite.ts'

const builtins: Readonly<Record<number, string>> = {
  0: 'ADD',
  3: 'CONV_2D',
  4: 'DEPTHWISE_CONV_2D',
  6: 'DEQUANTIZE',
  9: 'FULLY_CONNECTED',
  14: 'LOGISTIC',
  18: 'MUL',
  19: 'RELU',
  22: 'RESHAPE',
  25: 'SOFTMAX',
  34: 'PAD',
  39: 'TRANSPOSE',
  40: 'MEAN',
  41: 'SUB',
  150: 'GELU',
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
    expect(text(file)).toEqual(['y [1, 8, 6, 4] = CONV_2D(image, weight, bias)'])
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
    expect(text(readTflite(toTflite({ ...conv, nodes, outputs: { sum: 'sum' } })))).toEqual([
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
    expect(exporter).toMatchObject({
      specVersion: 1,
      format: 'tflite',
      endings: ['.tflite'],
      readsCard: true,
    })
    const written = async (...given: Parameters<typeof exporter.export>): Promise<string[]> => {
      const files = await exporter.export(...given)
      return files.map((file) => `${file.path} ${Buffer.compare(file.bytes, toTflite(given[0], given[1]))}`)
    }
    expect(await written(deploy)).toEqual(['small.tflite 0'])
    expect(await written(deploy, { storage: 'float16' }, 'mine.tflite')).toEqual(['mine.tflite 0'])
  })

  it('writes int8 weights as the float32 they stand for where a layer cannot say them', () => {
    const conv = convolution([1, 4, 8, 6], [4, 4, 1, 1], { padding: [1, 1] })
    const weight: Weight = {
      dtype: 'int8',
      shape: [4, 4, 1, 1],
      data: Int8Array.from({ length: 16 }, (_, index) => index - 5),
      scales: Float32Array.of(0.5, 0.25, 2, 1),
      diagonal: Float32Array.of(1, 2, 3, 4),
    }
    const int8: Model = { ...conv, weights: { ...conv.weights, weight } }
    const float32: Model = { ...conv, weights: { ...conv.weights, weight: floatWeight(int8, 'weight') } }
    expect(toTflite(int8)).toEqual(toTflite(float32))
  })

  const shape = [1, 4, 5, 3]
  const refusals: readonly [what: string, model: Model, message: RegExp][] = [
    ['a train form', train, /"stem\.\S+" is a batchNorm; fold the model first \(reparameterize\)/],
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

  const preprocess = {
    size: [8, 6],
    resize: 9,
    interpolation: 'bicubic',
    mean: [0.5, 0.25, 0],
    std: [1, 0.5, 0.25],
  } as const

  it('stores weights in float16, each once, and widens them', () => {
    const shared = network(
      [1, 4, 1, 1],
      [
        { op: 'flatten', name: 'f', inputs: ['image'] },
        { op: 'linear', name: 'a', inputs: ['f'], weight: 'w', bias: 'b' },
        { op: 'linear', name: 'c', inputs: ['a'], weight: 'w', bias: 'b' },
      ],
      { w: [4, 4], b: [4] },
    )
    const file = readTflite(toTflite(shared, { storage: 'float16' }))
    expect(text(file)).toEqual([
      'f [1, 4] = RESHAPE(image, f.shape)',
      'w [4, 4] = DEQUANTIZE(w.float16)',
      'b [4] = DEQUANTIZE(b.float16)',
      'a [1, 4] = FULLY_CONNECTED(f, w, b)',
      'result [1, 4] = FULLY_CONNECTED(a, w, b)',
    ])
    expect(file.operators[1]).toMatchObject({ version: 3, inputs: [{ type: 1, bytes: 32 }] })
    const large = {
      ...shared,
      weights: { ...shared.weights, b: tensor([4], Float32Array.of(0, 0, -7e4, 0)) },
    }
    expect(() => toTflite(large, { storage: 'float16' })).toThrow(
      /the weight "b" \(4\) holds -70000, and float16 ends at 65504; write it with the storage float32/,
    )
    expect(toTflite(large).length).toBeGreaterThan(0)
  })

  it('takes pixels, and ends in probabilities', () => {
    const conv = withCard(convolution([1, 3, 8, 6], [4, 3, 8, 6]), { preprocess })
    const nodes: Node[] = [...conv.nodes, { op: 'flatten', name: 'probabilities', inputs: ['conv'] }]
    const model = { ...conv, nodes, outputs: { logits: 'probabilities' } }
    const file = readTflite(toTflite(model, { preprocess: true, softmax: true, storage: 'float16' }))
    expect(text(file).filter((line) => !line.includes('DEQUANTIZE'))).toEqual([
      'image.centred [1, 8, 6, 3] = SUB(image, image.mean)',
      'image.normalized [1, 8, 6, 3] = MUL(image.centred, image.scale)',
      'conv [1, 1, 1, 4] = CONV_2D(image.normalized, weight, bias)',
      'probabilities [1, 4] = RESHAPE(conv, probabilities.shape)',
      'probabilities_1 [1, 4] = SOFTMAX(probabilities)',
    ])
    expect(file.operators[0]?.inputs[1]).toMatchObject({ type: 0, bytes: 12 })
  })

  it('names tensors as the outputs are named, each output a tensor of its own', () => {
    const model = {
      ...network([1, 2, 3, 4], [relu('r', 'image')]),
      outputs: { a: 'r', b: 'r', same: 'image' },
    }
    const file = readTflite(toTflite(model))
    expect(text(file)).toEqual([
      'a [1, 3, 4, 2] = RELU(image)',
      'b [1, 3, 4, 2] = RESHAPE(a, b.shape)',
      'same [1, 3, 4, 2] = RESHAPE(image, same.shape)',
    ])
    expect(file.outputs.map(({ name }) => name)).toEqual(['a', 'b', 'same'])
    expect(file.signature).toEqual({ inputs: ['image'], outputs: ['a', 'b', 'same'] })
  })

  it('keeps the card as metadata, and the labels as a file behind the model', () => {
    const model = withCard(deploy, {
      author: 'A. Author',
      licence: 'MIT',
      description: 'Small',
      preprocess,
      labels: Array.from({ length: 11 }, (_, index) => (index === 3 ? 'two\n lines' : `l${index}, 文`)),
    })
    const bytes = toTflite(model)
    expect(new TextDecoder().decode(unzipSync(bytes)['labels.txt'])).toBe(
      'l0, 文\nl1, 文\nl2, 文\ntwo lines\nl4, 文\nl5, 文\nl6, 文\nl7, 文\nl8, 文\nl9, 文\nl10, 文\n',
    )
    const { metadata } = readTflite(bytes)
    expect(Object.keys(metadata)).toEqual(['TFLITE_METADATA'])
    expect(readMetadata(metadata.TFLITE_METADATA as Uint8Array)).toEqual({
      identifier: 'M001',
      name: 'small',
      description: 'Small',
      author: 'A. Author',
      licence: 'MIT',
      inputs: [{ name: 'image', mean: [127.5, 63.75, 0], std: [255, 127.5, 63.75] }],
      outputs: [{ name: 'logits', files: ['labels.txt'] }],
    })
    expect(readTflite(toTflite(deploy)).metadata).toEqual({})
    const few = toTflite(withCard(deploy, { labels: ['one'] }))
    expect(new TextDecoder().decode(few)).not.toContain('labels.txt')
  })

  const options: readonly [what: string, options: TfliteOptions, model: Model, message: RegExp][] = [
    [
      'pixels without a card',
      { preprocess: true },
      network([1, 3, 4, 5], [relu('r', 'image')]),
      /preprocess needs mean and std in the model card, which has none/,
    ],
    [
      'pixels of other channels',
      { preprocess: true },
      withCard(network(shape, [relu('r', 'image')]), { preprocess }),
      /preprocess needs 4 finite means .* which has mean \[0.5, 0.25, 0\]/,
    ],
    [
      'probabilities of a map',
      { softmax: true },
      network(shape, [relu('r', 'image')]),
      /softmax needs an output \[N, C\], and "r" is \[1, 4, 5, 3\]/,
    ],
  ]
  it.each(options)('refuses %s', (_, given, model, message) => {
    expect(() => toTflite(model, given)).toThrow(message)
    expect(() => toTflite(model, given)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it('refuses a model that is not valid', () => {
    expect(() => toTflite(network(shape, [relu('r', 'nothing')]))).toThrow(/nothing/)
  })
})
