import * as tf from '@tensorflow/tfjs'
import '@tensorflow/tfjs-backend-wasm'
import { beforeAll, describe, expect, test } from 'vitest'
import { composedPrimitives, createPrimitives, type Primitives } from '../src/primitives.ts'
import { registerWasmGradients } from '../src/register.ts'
import { type Array64, array, numericGradient, type Operation, operations } from './primitives-reference.ts'

beforeAll(() => registerWasmGradients(tf))

const stride = (each: number): { stride: [number, number] } => ({ stride: [each, each] })

const cases: [operation: Operation, name: string, shapes: number[][], options: object][] = [
  ...[
    [7, 1, 1],
    [13, 3, 5],
    [6, 8, 8],
    [100, 17, 130],
    [301, 130, 17],
    [1, 5, 3],
    [50, 600, 9],
  ].flatMap(([rows, ins, outs]): (typeof cases)[number][] => [
    ['affine', 'with bias and relu', [[rows!, ins!], [ins!, outs!], [outs!]], { relu: true }],
    [
      'affine',
      'with neither',
      [
        [rows!, ins!],
        [ins!, outs!],
      ],
      { relu: false },
    ],
  ]),
  ...[
    [7, 1],
    [50, 3],
    [200, 17],
    [401, 130],
    [3, 24],
  ].flatMap(([rows, n]): (typeof cases)[number][] => [
    ['covariance', '', [[rows!, n!]], {}],
    ['moments', '', [[rows!, n!]], {}],
  ]),
  ['moments', 'of images', [[2, 5, 7, 20]], {}],
  ...[1, 2].flatMap((each): (typeof cases)[number][] => [
    ['depthwise', 'with bias and relu', [[2, 7, 9, 5], [3, 3, 5, 1], [5]], { ...stride(each), relu: true }],
    [
      'depthwise',
      'with neither',
      [
        [2, 14, 14, 17],
        [3, 3, 17, 1],
      ],
      { ...stride(each), relu: false },
    ],
    ['depthwise', 'of multiplier 3', [[1, 6, 5, 3], [3, 3, 3, 3], [9]], { ...stride(each), relu: true }],
    [
      'depthwise',
      '5 x 5',
      [
        [1, 8, 6, 4],
        [5, 5, 4, 2],
      ],
      { ...stride(each), relu: false },
    ],
    ['depthwise', 'of one pixel', [[3, 1, 1, 130], [3, 3, 130, 1], [130]], { ...stride(each), relu: true }],
    [
      'depthwiseMoments',
      '',
      [
        [2, 7, 9, 5],
        [3, 3, 5, 4],
      ],
      stride(each),
    ],
    [
      'depthwiseMoments',
      'of width 14',
      [
        [3, 14, 14, 17],
        [3, 3, 17, 6],
      ],
      stride(each),
    ],
    [
      'depthwiseMoments',
      'of one pixel',
      [
        [3, 1, 1, 8],
        [3, 3, 8, 2],
      ],
      stride(each),
    ],
    [
      'depthwiseMoments',
      'of one row',
      [
        [3, 1, 4, 1],
        [3, 3, 1, 1],
      ],
      stride(each),
    ],
    [
      'depthwiseMoments',
      'of two columns',
      [
        [3, 3, 2, 130],
        [3, 3, 130, 2],
      ],
      stride(each),
    ],
    [
      'depthwiseMoments',
      '5 x 5',
      [
        [1, 6, 7, 3],
        [5, 5, 3, 2],
      ],
      stride(each),
    ],
    [
      'depthwiseMoments',
      '1 x 1',
      [
        [2, 6, 7, 3],
        [1, 1, 3, 5],
      ],
      stride(each),
    ],
  ]),
]

describe.each(cases)('%s %s %j %j', (operation, _, shapes, options) => {
  const inputs = shapes.map((shape, index) => array(shape, index + 1))
  const outputs = operations[operation](inputs, options)
  const weights = outputs.map(({ shape }, index) => array(shape, index + 11))
  let found: { element: number; slope: number }[][] | undefined
  /** Of a few elements of each input: all would take too long. */
  const slopes = (): typeof found & {} =>
    (found ??= inputs.map(({ data: { length } }, index) =>
      Array.from({ length: Math.min(6, length) }, (_, i) => {
        const element = (i * 7919) % length
        return { element, slope: numericGradient(operation, inputs, options, weights, index, element) }
      }),
    ))

  test.each([
    ['wasm', 'our kernels', createPrimitives],
    ['wasm', "tfjs's operations", composedPrimitives],
    ['cpu', "tfjs's operations", createPrimitives],
  ] as const)('on %s with %s equals the reference, gradients too', async (backend, _, create) => {
    await tf.setBackend(backend)
    const before = tf.memory().numTensors
    const found = evaluate(create(tf), operation, inputs, options, weights)
    expect(tf.memory().numTensors).toBe(before)
    for (const [index, output] of outputs.entries()) expectClose(found.outputs[index]!, output)
    for (const [index, gradient] of found.gradients.entries()) {
      const scale = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30)
      for (const { element, slope } of slopes()[index]!)
        expect(Math.abs(gradient[element]! - slope) / scale).toBeLessThan(1e-4)
    }
  })

  test('our kernels give what tfjs-cpu gives in every element, and the same bits again', async () => {
    await tf.setBackend('cpu')
    const expected = evaluate(createPrimitives(tf), operation, inputs, options, weights)
    await tf.setBackend('wasm')
    const actual = evaluate(createPrimitives(tf), operation, inputs, options, weights)
    for (const [index, output] of actual.outputs.entries()) expectClose(output, expected.outputs[index]!)
    for (const [index, gradient] of actual.gradients.entries())
      expectClose(
        { ...inputs[index]!, data: gradient },
        { ...inputs[index]!, data: expected.gradients[index]! },
      )
    expect(evaluate(createPrimitives(tf), operation, inputs, options, weights)).toEqual(actual)
  })
})

test('100,000 rows are summed to 1e-5, and so are moments of means of 100 deviations', async () => {
  await tf.setBackend('wasm')
  const { affine, covariance, depthwiseMoments, moments } = createPrimitives(tf)
  const rows = 100_352
  const { data } = array([rows, 9], 5)
  const shifted = Float32Array.from(data, (value) => value + 58)
  const exact = { shape: [rows, 9], data: Float64Array.from(shifted) }
  const found = tf.tidy(() => {
    const x = tf.tensor2d(shifted, [rows, 9])
    const w = tf.ones<tf.Rank.R2>([9, 4])
    const [dw] = tf.grads((w: tf.Tensor) => tf.sum(affine(x, w as tf.Tensor2D, undefined, false)))([w])
    const image = tf.reshape(x, [32, 56, 56, 9]) as tf.Tensor4D
    const centre = tf.pad(tf.ones([1, 1, 9, 1]), [
      [1, 1],
      [1, 1],
      [0, 0],
      [0, 0],
    ]) as tf.Tensor4D
    return [...covariance(x), ...moments(x), ...depthwiseMoments(image, centre, [1, 1]), dw!].map((tensor) =>
      tensor.dataSync(),
    )
  })
  const [products, mean] = operations.covariance([exact], {})
  const [c, m, m2, v, m3, v3, dw] = found
  for (let i = 0; i < 9; i++) {
    for (let j = 0; j < 9; j++)
      expect(Math.abs(c![i * 9 + j]! - products!.data[i * 9 + j]!) * 3).toBeLessThan(1e-5)
    expect(Math.abs(v![i]! - products!.data[i * 10]!) * 3).toBeLessThan(1e-5)
    // Of products of values as they are: rounding grows with the square of the mean.
    expect(Math.abs(v3![i]! - products!.data[i * 10]!) * 3).toBeLessThan(1e-3)
    for (const own of [m, m2, m3]) expect(Math.abs(own![i]! / mean!.data[i]! - 1)).toBeLessThan(1e-6)
    expect(Math.abs(dw![i * 4]! / (rows * mean!.data[i]!) - 1)).toBeLessThan(1e-5)
  }
})

test('NaN goes through ReLU, forwards and backwards', async () => {
  for (const backend of ['cpu', 'wasm']) {
    await tf.setBackend(backend)
    const { affine } = createPrimitives(tf)
    const [y, dw] = tf.tidy(() => {
      const x = tf.tensor2d([Number.NaN, 1], [2, 1])
      const w = tf.tensor2d([1, -1], [1, 2])
      const run = (w: tf.Tensor): tf.Tensor => affine(x, w as tf.Tensor2D, tf.tensor1d([0, 0]), true)
      return [run(w), tf.grad((w) => tf.sum(run(w)))(w)].map((tensor) => [...tensor.dataSync()])
    })
    expect(y).toEqual([Number.NaN, Number.NaN, 1, 0])
    expect(dw).toEqual([Number.NaN, Number.NaN])
  }
})

interface Found {
  readonly outputs: readonly Array64[]
  readonly gradients: readonly Float64Array[]
}

/** The outputs, and the gradients of the sum of their products with `weights`. */
function evaluate(
  primitives: Primitives,
  operation: Operation,
  inputs: readonly Array64[],
  options: { stride?: [number, number]; relu?: boolean },
  weights: readonly Array64[],
): Found {
  let found: Found | undefined
  tf.tidy(() => {
    const run = (...tensors: tf.Tensor[]): tf.Tensor[] => {
      const [x, w, bias] = tensors as never[]
      const { stride, relu } = options as { stride: [number, number]; relu: boolean }
      switch (operation) {
        case 'affine':
          return [primitives.affine(x!, w!, bias, relu)]
        case 'covariance':
          return primitives.covariance(x!)
        case 'moments':
          return primitives.moments(x!)
        case 'depthwise':
          return [primitives.depthwise(x!, w!, bias, stride, relu)]
        case 'depthwiseMoments':
          return primitives.depthwiseMoments(x!, w!, stride)
        default:
          return operation satisfies never
      }
    }
    const tensors = inputs.map(tensorOf)
    const products = weights.map(tensorOf)
    const gradients = tf.grads((...tensors: tf.Tensor[]) =>
      tf.addN(run(...tensors).map((output, i) => tf.sum(tf.mul(output, products[i]!)))),
    )(tensors)
    found = {
      outputs: run(...tensors).map((output) => ({
        shape: output.shape,
        data: Float64Array.from(output.dataSync()),
      })),
      gradients: gradients.map((gradient: tf.Tensor) => Float64Array.from(gradient.dataSync())),
    }
  })
  return found!
}

function tensorOf({ shape, data }: Array64): tf.Tensor {
  return tf.tensor(Float32Array.from(data), [...shape])
}

/** Within 1e-4 of the largest value. */
function expectClose(actual: Array64, expected: Array64): void {
  expect(actual.shape).toEqual(expected.shape)
  const scale = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30)
  const worst = actual.data.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - expected.data[i]!) / scale),
    0,
  )
  expect(worst).toBeLessThan(1e-4)
}
