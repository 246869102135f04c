import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-backend-wasm'
import { beforeAll, describe, expect, test } from 'vitest'
import { registerWasmGradients } from '../src/register.ts'

type Attrs = Record<string, unknown>

beforeAll(() => registerWasmGradients(tf))

describe.each([
  ['1 x 1', [2, 5, 5, 17], [1, 1, 17, 130], { strides: [1, 1], pad: 'valid' }],
  ['1 x 1, stride 2', [1, 7, 6, 5], [1, 1, 5, 3], { strides: [2, 2], pad: 'same' }],
  ['3 x 3, same', [2, 8, 7, 3], [3, 3, 3, 24], { strides: [1, 1], pad: 'same' }],
  ['3 x 3, stride 2, same', [3, 9, 8, 3], [3, 3, 3, 17], { strides: [2, 2], pad: 'same' }],
  [
    '3 x 3, stride 2, pad 1',
    [1, 9, 9, 130],
    [3, 3, 130, 5],
    { strides: 2, pad: 1, dimRoundingMode: 'floor' },
  ],
  ['5 x 2, mixed strides', [2, 11, 9, 4], [5, 2, 4, 9], { strides: [3, 2], pad: 'valid' }],
  [
    'explicit padding',
    [1, 6, 6, 2],
    [3, 3, 2, 3],
    {
      strides: 1,
      pad: [
        [0, 0],
        [2, 0],
        [0, 3],
        [0, 0],
      ],
    },
  ],
  ['one channel', [2, 6, 5, 1], [3, 3, 1, 1], { strides: 1, pad: 'same' }],
  ['NCHW', [2, 3, 7, 6], [3, 3, 3, 5], { strides: [2, 1], pad: 'same', dataFormat: 'NCHW' }],
  ['kernel wider than the image', [2, 2, 3, 4], [5, 5, 4, 6], { strides: 1, pad: 'same' }],
] as const)('Conv2DBackpropFilter: %s', (_, shape, filterShape, attributes) => {
  const attrs = { dataFormat: 'NHWC', ...attributes, filterShape }
  test('equals tfjs-cpu', async () => {
    const info = tf.backend_util.computeConv2DInfo(
      shape as never,
      filterShape as never,
      attrs.strides as never,
      1,
      attrs.pad as never,
      'floor',
      false,
      attrs.dataFormat === 'NCHW' ? 'channelsFirst' : 'channelsLast',
    )
    await compare('Conv2DBackpropFilter', { x: random(shape, 1), dy: random(info.outShape, 2) }, attrs)
  })
})

const depthwise = [
  ['3 x 3', [2, 9, 8, 17], [3, 3, 17, 1], { strides: [1, 1], dilations: [1, 1], pad: 'same' }],
  ['3 x 3, width 28', [1, 28, 28, 24], [3, 3, 24, 1], { strides: 1, dilations: 1, pad: 1 }],
  ['3 x 3, stride 2', [2, 9, 8, 130], [3, 3, 130, 1], { strides: [2, 2], dilations: 1, pad: 'same' }],
  [
    '3 x 3, stride 2, even',
    [2, 14, 14, 8],
    [3, 3, 8, 1],
    { strides: 2, dilations: 1, pad: 1, dimRoundingMode: 'floor' },
  ],
  ['3 x 3, multiplier 3', [2, 5, 6, 5], [3, 3, 5, 3], { strides: [1, 1], dilations: 1, pad: 'same' }],
  [
    '3 x 3, stride 2, multiplier 4',
    [2, 8, 8, 6],
    [3, 3, 6, 4],
    { strides: [2, 2], dilations: 1, pad: 'same' },
  ],
  ['1 x 1', [2, 5, 6, 3], [1, 1, 3, 2], { strides: 1, dilations: 1, pad: 'valid' }],
  ['1 x 1, stride 2', [2, 6, 5, 3], [1, 1, 3, 1], { strides: 2, dilations: 1, pad: 'same' }],
  ['5 x 2, mixed strides', [1, 11, 12, 4], [5, 2, 4, 2], { strides: [2, 3], dilations: 1, pad: 'valid' }],
  ['7 x 7', [1, 6, 5, 1], [7, 7, 1, 1], { strides: 1, dilations: 1, pad: 'same' }],
  ['stride over kernel', [1, 10, 10, 4], [2, 2, 4, 1], { strides: 3, dilations: 1, pad: 'valid' }],
  [
    'explicit padding',
    [2, 6, 7, 4],
    [3, 3, 4, 1],
    {
      strides: 1,
      dilations: 1,
      pad: [
        [0, 0],
        [3, 0],
        [1, 4],
        [0, 0],
      ],
    },
  ],
] as const

describe.each(depthwise)('depthwise gradients: %s', (_, shape, filterShape, attrs) => {
  const info = tf.backend_util.computeConv2DInfo(
    shape as never,
    filterShape as never,
    attrs.strides as never,
    1,
    attrs.pad as never,
    'floor',
    true,
  )
  const [x, filter, dy] = [random(shape, 1), random(filterShape, 2), random(info.outShape, 3)]
  test('of the input', () =>
    compare('DepthwiseConv2dNativeBackpropInput', { dy, filter }, { ...attrs, inputShape: shape }))
  test('of the filter', () =>
    compare('DepthwiseConv2dNativeBackpropFilter', { x, dy }, { ...attrs, filterShape }))
})

interface Values {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

function random(shape: readonly number[], seed: number): Values {
  const data = new Float32Array(tf.util.sizeFromShape([...shape]))
  let state = seed
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    data[i] = state / 2 ** 31 - 1
  }
  return { shape, data }
}

async function compare(kernel: string, inputs: Record<string, Values>, attrs: Attrs): Promise<void> {
  const expected = await runOn('cpu', kernel, inputs, attrs)
  const actual = await runOn('wasm', kernel, inputs, attrs)
  expect(actual.shape).toEqual(expected.shape)
  expect(difference(actual.data, expected.data)).toBeLessThan(1e-5)
}

/** The largest difference, relative to the largest value. */
function difference(actual: Float32Array, expected: Float32Array): number {
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30)
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0) / scale
}

async function runOn(
  backend: string,
  kernel: string,
  inputs: Record<string, Values>,
  attrs: Attrs,
): Promise<Values> {
  await tf.setBackend(backend)
  return tf.tidy(() => {
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
    )
    const result = tf.engine().runKernel(kernel, tensors, attrs as tf.NamedAttrMap) as tf.Tensor
    return { shape: result.shape, data: result.dataSync() as Float32Array }
  })
}
