import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import {
  elementCount,
  floatWeight,
  initialize,
  type Model,
  maxAbsDifference,
  mobileone,
  reference,
  type Tensor,
  tensor,
  variants,
  withCard,
} from '@mobileone/core'
import { WireWriter } from '@mobileone/core/protobuf-wire'
import { lacking, python, readGolden, readGoldenFloat32 } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fromMLModel, toMLModel } from '../src/mlmodel.ts'
import { fullCard, normalInputs, tinyConfig, tinyModel } from './support/models.ts'

async function logitsOf(model: Model, data: Float32Array): Promise<Tensor> {
  const [name, { shape }] = Object.entries(model.inputs)[0] as [string, { shape: readonly number[] }]
  await using executor = await reference().compile(model)
  const outputs = await executor.run({ [name]: tensor(shape, data) })
  return Object.values(outputs)[0] as Tensor
}

describe.skipIf(lacking('golden'))('networks that coremltools converted from PyTorch', () => {
  test.each(['k1', 'se'])(
    '%s: a model with the logits of PyTorch, labels and preprocessing',
    async (name) => {
      const model = fromMLModel(readGolden('coreml', `${name}-image.mlmodel`))
      const { shape } = model.inputs.image as { shape: readonly number[] }
      const input = readGoldenFloat32('small', `${name}.input.f32`).slice(0, elementCount(shape))
      const logits = await logitsOf(model, input)
      expect(Object.keys(model.outputs)).toEqual(['logits'])
      const expected = readGoldenFloat32('small', `${name}.logits.f32`).slice(0, 10)
      expect(maxAbsDifference(logits, tensor([1, 10], expected))).toBeLessThan(1e-5)
      expect(model.card?.labels).toEqual(Array.from({ length: 10 }, (_, index) => `class_${index}`))
      const { mean = [], std = [] } = model.card?.preprocess ?? {}
      for (const deviation of std) expect(deviation).toBeCloseTo(0.226, 5)
      for (const [channel, average] of [0.485, 0.456, 0.406].entries())
        expect(mean[channel]).toBeCloseTo(average, 5)
      const operations = new Set(model.nodes.map(({ op }) => op))
      expect([...operations]).not.toContain('softmax')
    },
  )
})

test.skipIf(lacking('golden'))(
  'the real S0 goes through a file unchanged, in half the bytes as float16',
  () => {
    const model = modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0.pth.tar')))
    const file = toMLModel(model)
    const read = fromMLModel(file)
    expect(read.nodes).toEqual(model.nodes)
    expect(Object.keys(read.weights).sort()).toEqual(Object.keys(model.weights).sort())
    for (const name of Object.keys(model.weights))
      expect(maxAbsDifference(floatWeight(read, name), floatWeight(model, name)), name).toBe(0)
    expect(toMLModel(model, { weights: 'float16' }).length / file.length).toBeLessThan(0.51)
  },
  60_000,
)

describe.skipIf(lacking('python'))('coremltools', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mobileone-mlmodel-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const script = fileURLToPath(new URL('./neural-network-rebuild.py', import.meta.url))
  const model = tinyModel()
  const train = initialize(mobileone(tinyConfig, { form: 'train' }), { seed: 1 })
  const made = (form: string): Model => fromMLModel(readFileSync(join(folder, `${form}.mlmodel`)))
  let checked: readonly unknown[] = []

  // One start of Python for everything: it takes seconds.
  beforeAll(() => {
    const write = (name: string, bytes: Uint8Array): string => {
      writeFileSync(join(folder, name), bytes)
      return join(folder, name)
    }
    const s0 = withCard(
      initialize(mobileone(variants.s0, { form: 'deploy' }), { seed: 1 }),
      fullCard(1000, [224, 224]),
    )
    const array = write('array', toMLModel(model, { input: 'array', output: 'values' }))
    const checks = [
      write('s0', toMLModel(s0, { weights: 'float16', embedding: true })),
      array,
      write('train', toMLModel(train)),
    ]
    const forms = ['legacy', 'exact', 'half', 'linear8', 'linear5', 'lut4']
    const jobs = [
      ...checks.flatMap((path) => [path, '-', 'check']),
      ...forms.flatMap((form) => [array, join(folder, `${form}.mlmodel`), form]),
    ]
    const { status, stdout, stderr } = spawnSync(python, [script, ...jobs], { encoding: 'utf8' })
    expect(status, stderr).toBe(0)
    checked = stdout
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
  }, 300_000)

  test('loads what is written, and finds every layer in it', () => {
    const kinds = { convolution: 43, activation: 43, pooling: 1, flattenTo2D: 1, innerProduct: 1 }
    expect(checked[0]).toEqual({
      version: 4,
      kind: 'neuralNetworkClassifier',
      inputs: ['image:imageType'],
      outputs: ['classLabel_probs:dictionaryType', 'classLabel:stringType', 'embedding:multiArrayType'],
      author: 'An Author',
      layers: { scale: 1, ...kinds, softmaxND: 1 },
    })
    expect(checked[1]).toMatchObject({ kind: 'neuralNetwork', layers: { multiply: 4, pooling: 5 } })
    const count = (op: string): number => train.nodes.filter((node) => node.op === op).length
    expect(checked[2]).toMatchObject({
      layers: { batchnorm: count('batchNorm'), add: count('add'), convolution: count('conv2d') },
    })
  })

  test.each(['legacy', 'exact'])(
    'what its builder makes in the %s form reads back with equal logits',
    async (form) => {
      const { data } = normalInputs(model).image as Tensor
      const [expected, got] = [await logitsOf(model, data), await logitsOf(made(form), data)]
      expect(got.shape).toEqual(expected.shape)
      expect(maxAbsDifference(got, expected)).toBeLessThan(1e-5)
    },
  )

  test.each([
    ['half', 2e-3],
    ['linear8', 2e-2],
    ['linear5', 0.2],
    ['lut4', 0.4],
  ] as const)('weights that it quantises as %s are read', (form, tolerance) => {
    const read = made(form)
    let most = 0
    for (const name of Object.keys(model.weights)) {
      const weight = floatWeight(model, name)
      const scale = weight.data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-9)
      most = Math.max(most, maxAbsDifference(floatWeight(read, name), weight) / scale)
    }
    expect(most).toBeLessThan(tolerance)
    expect(most).toBeGreaterThan(tolerance / 1e3)
  })
})

/** Protobuf from nested plain data, apart from the writer: [field, value] pairs. */
type Piece = readonly [
  field: number,
  value: number | string | Float32Array | Uint8Array | readonly Piece[] | { readonly float: number },
]

function encode(pieces: readonly Piece[]): WireWriter {
  const out = new WireWriter()
  for (const [field, value] of pieces) {
    if (typeof value === 'number') out.int(field, value)
    else if (typeof value === 'string') out.string(field, value)
    else if (value instanceof Float32Array || value instanceof Uint8Array) out.bytes(field, value)
    else if ('float' in value) out.float(field, value.float)
    else out.message(field, encode(value))
  }
  return out
}

const layer = (name: string, inputs: readonly string[], kind: number, params: readonly Piece[]): Piece => [
  1,
  [[1, name], ...inputs.map((input): Piece => [2, input]), [3, name], [kind, params]],
]
const weights = (...values: readonly number[]): readonly Piece[] => [[1, Float32Array.from(values)]]
const array = (name: string, ...shape: readonly number[]): readonly Piece[] => [
  [1, name],
  [3, [[5, [...shape.map((size): Piece => [1, size]), [2, 65568]]]]],
]

/** A network of one array [1, 2, 2, 2] with exact shapes, and the output `y`. */
function networkOf(layers: readonly Piece[], input = array('x', 1, 2, 2, 2), mapping = 1): Uint8Array {
  return encode([
    [1, 4],
    [
      2,
      [
        [1, input],
        [10, array('y')],
      ],
    ],
    [500, [...layers, [5, mapping], [6, mapping]]],
  ]).finish()
}

const scale = (axes: readonly number[], ...values: readonly number[]): readonly Piece[] => [
  ...axes.map((size): Piece => [1, size]),
  [2, weights(...values)],
]

describe('layers', () => {
  const data = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 9)
  const run = async (...layers: readonly Piece[]): Promise<readonly number[]> => [
    ...(await logitsOf(fromMLModel(networkOf(layers)), data)).data,
  ]

  test('scale, bias and alphas become convolutions of one pixel', async () => {
    expect(await run(layer('y', ['x'], 245, scale([2, 1, 1], 2, 3)))).toEqual([2, 4, 6, 8, 15, 18, 21, 27])
    const withBias = [...scale([1], 2), [3, 1], [4, 2], [5, weights(1, -1)]] as const
    expect(await run(layer('y', ['x'], 245, withBias))).toEqual([3, 5, 7, 9, 9, 11, 13, 17])
    expect(await run(layer('y', ['x'], 250, scale([2], 1, 2)))).toEqual([2, 3, 4, 5, 7, 8, 9, 11])
    expect(await run(layer('y', ['x'], 230, [[1, { float: 0.5 }]]))).toEqual([
      1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 9.5,
    ])
    expect(await run(layer('y', ['x'], 231, [[1, { float: 2 }]]))).toEqual([2, 4, 6, 8, 10, 12, 14, 18])
    const linear = layer('y', ['x'], 130, [
      [
        5,
        [
          [1, { float: 2 }],
          [2, { float: 1 }],
        ],
      ],
    ])
    expect(await run(linear)).toEqual([3, 5, 7, 9, 11, 13, 15, 19])
    const constant = layer('c', [], 1070, [
      [1, 2],
      [1, 1],
      [1, 1],
      [2, weights(1, 10)],
    ])
    expect(await run(constant, layer('y', ['x', 'c'], 900, []))).toEqual([1, 2, 3, 4, 50, 60, 70, 90])
  })

  test('averages of every spelling', async () => {
    const pool: readonly Piece[] = [
      [1, 1],
      [10, 2],
      [10, 2],
      [30, []],
    ]
    for (const each of [
      layer('y', ['x'], 120, pool),
      layer('y', ['x'], 120, [
        [1, 1],
        [31, []],
        [60, 1],
      ]),
      layer('y', ['x'], 1280, [
        [1, -1],
        [1, 2],
        [2, 1],
      ]),
      layer('y', ['x'], 1280, [
        [1, 2],
        [1, 3],
      ]),
      layer('y', ['x'], 280, [
        [1, 1],
        [3, 1],
      ]),
    ])
      expect(await run(each)).toEqual([2.5, 6.75])
  })

  test('sums of several, and a join in either order', async () => {
    const gate = layer('g', ['x'], 120, [
      [1, 1],
      [30, []],
      [60, 1],
    ])
    expect(await run(gate, layer('y', ['g', 'x'], 231, []))).toEqual([
      2.5, 5, 7.5, 10, 33.75, 40.5, 47.25, 60.75,
    ])
    expect(await run(layer('y', ['x', 'x', 'x'], 230, []))).toEqual([3, 6, 9, 12, 15, 18, 21, 27])
  })

  test('padding goes into the convolution behind it; same padding where it is even', async () => {
    const kernel: readonly Piece[] = [
      [1, 1],
      [2, 2],
      [90, weights(...Array.from({ length: 18 }, () => 1))],
    ]
    const pad = layer('p', ['x'], 200, [
      [1, []],
      [
        10,
        [
          [
            10,
            [
              [1, 1],
              [2, 1],
            ],
          ],
          [
            10,
            [
              [1, 1],
              [2, 1],
            ],
          ],
        ],
      ],
    ])
    expect(await run(pad, layer('y', ['p'], 100, [...kernel, [50, []]]))).toEqual([37, 37, 37, 37])
    expect(await run(layer('y', ['x'], 100, [...kernel, [51, []]]))).toEqual([37, 37, 37, 37])
  })

  test('a matrix of every shape: flatten, reshape, squeeze, inner products over maps, softmax of three axes', async () => {
    const dense = (input: string, name = 'y'): Piece =>
      layer(name, [input], 140, [
        [1, 8],
        [2, 1],
        [20, weights(1, 1, 1, 1, 1, 1, 1, 2)],
      ])
    for (const shapes of [
      [layer('f', ['x'], 301, []), dense('f')],
      [layer('f', ['x'], 1130, [[1, 1]]), dense('f')],
      [
        layer('f', ['x'], 1140, [
          [1, 1],
          [1, -1],
        ]),
        dense('f'),
      ],
      [
        layer('f', ['x'], 300, [
          [1, 8],
          [1, 1],
          [1, 1],
        ]),
        dense('f'),
      ],
      [
        layer('f', ['x'], 301, []),
        layer('s', ['f'], 1120, [
          [1, -1],
          [1, -2],
        ]),
        dense('s'),
      ],
      [
        layer('f', ['x'], 301, []),
        layer('s', ['f'], 1120, [[2, 1]]),
        layer('e', ['s'], 1125, [[1, 0]]),
        dense('e'),
      ],
      [dense('x')],
    ])
      expect(await run(...shapes)).toEqual([46])
    const softmax = await run(layer('f', ['x'], 301, []), layer('y', ['f'], 175, []))
    expect(softmax.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6)
  })

  test('x * sigmoid(x) reads as silu, and what nobody reads is left out', () => {
    const model = fromMLModel(
      networkOf([
        layer('g', ['x'], 130, [[40, []]]),
        layer('unused', ['x'], 130, [[10, []]]),
        layer('y', ['g', 'x'], 231, []),
      ]),
    )
    expect(model.nodes).toEqual([{ op: 'silu', name: 'y', inputs: ['x'] }])
  })

  test('legacy arrays of three axes and of one', async () => {
    const pool = layer('y', ['x'], 120, [
      [1, 1],
      [30, []],
      [60, 1],
    ])
    const map = fromMLModel(networkOf([pool], array('x', 2, 2, 2), 0))
    expect(map.inputs.x?.shape).toEqual([1, 2, 2, 2])
    expect([...(await logitsOf(map, data)).data]).toEqual([2.5, 6.75])
    const dense = layer('y', ['x'], 140, [
      [1, 2],
      [2, 1],
      [20, weights(1, 2)],
      [10, 1],
      [21, weights(0.5)],
    ])
    const vector = fromMLModel(networkOf([dense], array('x', 2), 0))
    expect([...(await logitsOf(vector, Float32Array.of(1, 2))).data]).toEqual([5.5])
  })

  test('weights of 1 to 8 bits, and of scales for each channel', async () => {
    const dense = (stored: readonly Piece[]): Piece =>
      layer('y', ['f'], 140, [
        [1, 8],
        [2, 2],
        [20, stored],
      ])
    const flat = layer('f', ['x'], 301, [])
    const table = (bits: number, ...values: readonly number[]): Piece => [
      40,
      [
        [1, bits],
        [102, [[1, Float32Array.from(values)]]],
      ],
    ]
    // 1 bit: 10110000 00001111, with 0 for -1 and 1 for 1.
    expect(await run(flat, dense([[30, Uint8Array.of(0xb0, 0x0f)], table(1, -1, 1)]))).toEqual([-21, 17])
    const threes = Uint8Array.of(0b00101001, 0b11001011, 0b10111000, 0b00000000, 0b00000000, 0b00000111)
    const linear: Piece = [
      40,
      [
        [1, 3],
        [
          101,
          [
            [1, Float32Array.of(1, 10)],
            [2, Float32Array.of(0, 1)],
          ],
        ],
      ],
    ]
    // The first eight are 1 2 3 4 5 6 7 0, and of the others only the last is 7.
    expect(await run(flat, dense([[30, threes], linear]))).toEqual([140, 37 + 630])
  })

  test('pixels: red, green and blue have their own bias; a scale layer joins the scaler', () => {
    const image: Piece = [
      1,
      [
        [1, 'x'],
        [
          3,
          [
            [
              4,
              [
                [1, 5],
                [2, 4],
                [3, 20],
              ],
            ],
          ],
        ],
      ],
    ]
    const scaler: Piece = [
      2,
      [
        [1, 'x'],
        [
          10,
          [
            [10, { float: 1 / 255 }],
            [20, { float: -0.75 }],
            [21, { float: -0.5 }],
            [22, { float: -0.25 }],
          ],
        ],
      ],
    ]
    const steps = layer('n', ['x'], 245, scale([3, 1, 1], 4, 2, 1))
    const bytes = encode([
      [1, 4],
      [2, [image, [10, array('y')]]],
      [500, [steps, layer('y', ['n'], 130, [[10, []]]), scaler, [5, 1], [6, 1]]],
    ]).finish()
    const model = fromMLModel(bytes)
    const { mean = [], std = [], size } = model.card?.preprocess ?? {}
    expect(size).toEqual([4, 5])
    for (const [channel, expected] of [0.25, 0.5, 0.75].entries())
      expect(mean[channel]).toBeCloseTo(expected, 6)
    for (const [channel, expected] of [0.25, 0.5, 1].entries()) expect(std[channel]).toBeCloseTo(expected, 6)
    expect(model.nodes).toEqual([{ op: 'relu', name: 'y', inputs: ['x'] }])
  })
})

describe('is refused by name:', () => {
  const convolution = (...more: readonly Piece[]): Piece =>
    layer('y', ['x'], 100, [[1, 1], [2, 2], [20, 1], [20, 1], [50, []], [90, weights(1, 1)], ...more])
  test.each<[string, RegExp, readonly Piece[]]>([
    [
      'another kind of layer',
      /"y" \(lrn\) is a kind of layer that models do not have/,
      [layer('y', ['x'], 180, [])],
    ],
    ['a kind from the future', /of the unknown kind 9999/, [layer('y', ['x'], 9999, [])]],
    [
      'another function',
      /"y" \(activation\) is a function \(leakyReLU\)/,
      [layer('y', ['x'], 130, [[15, []]])],
    ],
    ['a transposed convolution', /transposed/, [convolution([60, 1])]],
    [
      'padding of one side',
      /pads by 1 and 0/,
      [
        layer('p', ['x'], 200, [
          [1, []],
          [
            10,
            [
              [10, [[1, 1]]],
              [10, []],
            ],
          ],
        ]),
        convolution(),
      ],
    ],
    [
      'a padded value elsewhere',
      /only convolutions pad/,
      [layer('p', ['x'], 200, [[1, []]]), layer('y', ['p'], 130, [[10, []]])],
    ],
    ['padding by ones', /other than zeros/, [layer('y', ['x'], 200, [[1, [[1, { float: 1 }]]]])]],
    [
      'largest values',
      /otherwise than by the average/,
      [
        layer('y', ['x'], 120, [
          [30, []],
          [60, 1],
        ]),
      ],
    ],
    [
      'pooling of a part',
      /less than the whole map/,
      [
        layer('y', ['x'], 120, [
          [1, 1],
          [10, 1],
          [10, 2],
          [30, []],
        ]),
      ],
    ],
    [
      'statistics of the batch',
      /computes its statistics/,
      [
        layer('y', ['x'], 160, [
          [1, 2],
          [5, 1],
        ]),
      ],
    ],
    ['channels last', /CHANNEL_LAST/, [layer('y', ['x'], 301, [[1, 1]])]],
    [
      'a scale of pixels',
      /differs from pixel to pixel/,
      [layer('y', ['x'], 245, scale([1, 2, 2], 1, 2, 3, 4))],
    ],
    ['an approximation', /approximation of gelu/, [layer('y', ['x'], 795, [[1, 1]])]],
    ['a softmax of rows', /softmax over axis 2/, [layer('y', ['x'], 950, [[1, 2]])]],
    ['other axes', /averages over other axes/, [layer('y', ['x'], 1280, [[1, 1]])]],
    [
      'two outputs',
      /makes 2 values/,
      [
        [
          1,
          [
            [1, 'y'],
            [2, 'x'],
            [3, 'y'],
            [3, 'z'],
            [130, [[10, []]]],
          ],
        ],
      ],
    ],
    ['weights that run quantised', /int8RawValue/, [convolution([90, [[31, Uint8Array.of(1, 2)]]])]],
    [
      'a mean image',
      /mean image/,
      [
        [
          2,
          [
            [1, 'x'],
            [11, []],
          ],
        ],
        layer('y', ['x'], 130, [[10, []]]),
      ],
    ],
    [
      'a scaled array',
      /scales "x", which is no image/,
      [
        [
          2,
          [
            [1, 'x'],
            [10, []],
          ],
        ],
        layer('y', ['x'], 130, [[10, []]]),
      ],
    ],
  ])('%s', (_, message, layers) => {
    const read = (): Model => fromMLModel(networkOf(layers))
    expect(read).toThrow(message)
    expect(read).toThrow(expect.objectContaining({ code: 'unsupported' }))
  })

  test('pixels in the order blue, green, red', () => {
    const image: Piece = [
      1,
      [
        [1, 'x'],
        [
          3,
          [
            [
              4,
              [
                [1, 5],
                [2, 4],
                [3, 30],
              ],
            ],
          ],
        ],
      ],
    ]
    const bytes = encode([
      [2, [image, [10, array('y')]]],
      [500, [layer('y', ['x'], 130, [[10, []]])]],
    ]).finish()
    expect(() => fromMLModel(bytes)).toThrow(/blue, green, red; convert the model with color_layout RGB/)
  })
})
