import { describe, expect, test } from 'vitest'
import {
  floatWeight,
  initialize,
  type Model,
  mobileone,
  print,
  type QuantizedTensor,
  quantizeWeight,
  reference,
  type Tensor,
  tensor,
  validate,
  variants,
} from '../src/index.ts'
import { conv, graph } from './graphs.ts'

const int8 = (extra: Partial<QuantizedTensor> = {}): QuantizedTensor => ({
  dtype: 'int8',
  shape: [2, 2, 1, 1],
  data: Int8Array.of(1, -2, 3, 127),
  scales: Float32Array.of(0.5, 2),
  ...extra,
})
const pointwise = (weight: Model['weights'][string]): Model => ({
  ...graph(2, [conv('a', 'x', { k: 1, padding: 0 })], { 'a.weight': [2, 2, 1, 1] }),
  weights: { 'a.weight': weight },
})

describe('floatWeight', () => {
  test('a float32 weight is itself', () => {
    const weight = tensor([2, 2, 1, 1])
    expect(floatWeight(pointwise(weight), 'a.weight')).toBe(weight)
  })

  test('int8: scales, zero points and diagonal', () => {
    const values = (weight: QuantizedTensor): number[] => [...floatWeight(pointwise(weight), 'a.weight').data]
    expect(values(int8())).toEqual([0.5, -1, 6, 254])
    expect(values(int8({ zeroPoints: Int8Array.of(-128, 1) }))).toEqual([64.5, 63, 4, 252])
    expect(values(int8({ diagonal: Float32Array.of(10, 0.25) }))).toEqual([10.5, -1, 6, 254.25])
    const model = pointwise(int8())
    expect(floatWeight(model, 'a.weight')).toBe(floatWeight(model, 'a.weight'))
  })

  test('a weight that is not there', () => {
    expect(() => floatWeight(pointwise(int8()), 'b')).toThrow(/model ".*" has no weight "b"/)
    expect(() => floatWeight(pointwise(int8()), 'constructor')).toThrow(/has no weight "constructor"/)
  })
})

test.each<[string, Partial<QuantizedTensor>, RegExp]>([
  ['too few scales', { scales: Float32Array.of(1) }, /needs one float32 scale for each of its 2/],
  ['zero points of another length', { zeroPoints: Int8Array.of(1) }, /needs one int8 zero point/],
  ['a diagonal of another length', { diagonal: Float32Array.of(1, 2, 3) }, /needs a diagonal of one float32/],
  ['other data', { data: new Float32Array(4) as unknown as Int8Array }, /of int8 must hold a Int8Array/],
  ['another length', { data: new Int8Array(5) }, /holds 5 elements/],
  [
    'input steps of another length',
    { inputSteps: Float32Array.of(1) },
    /one float32 input step for each of its 2/,
  ],
  ['an input step of zero', { inputSteps: Float32Array.of(1, 0) }, /an input step that is not positive/],
  [
    'an input step of NaN',
    { inputSteps: Float32Array.of(1, Number.NaN) },
    /an input step that is not positive/,
  ],
  [
    'an infinite input step',
    { inputSteps: Float32Array.of(1, Infinity) },
    /too large or too small to divide by/,
  ],
  ['an input step without an inverse', { inputSteps: Float32Array.of(1, 1e-45) }, /to divide by/],
  [
    'input steps and zero points',
    { inputSteps: Float32Array.of(1, 1), zeroPoints: Int8Array.of(0, 0) },
    /so it can have no zero points/,
  ],
  [
    'input steps and -128',
    { inputSteps: Float32Array.of(1, 1), data: Int8Array.of(0, -128, 0, 0) },
    /from -127 to 127, but there is -128/,
  ],
  [
    'input steps of a kernel',
    { inputSteps: Float32Array.of(1, 1), shape: [2, 1, 1, 2] },
    /is not pointwise, so it can have no input steps/,
  ],
])('validate finds %s', (_, extra, message) => {
  expect(() => validate(pointwise(int8(extra)))).toThrow(message)
})

test('a model with int8 weights prints, validates and runs as the model with their float32 elements', async () => {
  const model = initialize(
    mobileone({ ...variants.s0, input: { channels: 3, size: [32, 32] } }, { form: 'deploy' }),
    {
      seed: 5,
      statistics: 'random',
    },
  )
  const weights = Object.fromEntries(
    Object.entries(model.weights).map(([name, weight]) => [
      name,
      weight.shape.length > 1 ? quantizeWeight(weight) : weight,
    ]),
  )
  const quantized: Model = { ...model, weights }
  const floats: Model = {
    ...model,
    weights: Object.fromEntries(Object.keys(weights).map((name) => [name, floatWeight(quantized, name)])),
  }
  validate(quantized)
  expect(print(quantized)).toContain('%stem = conv2d(%image) 48x3x3x3 bias stride 2 padding 1 int8 :')
  const image = tensor([1, 3, 32, 32], new Float32Array(3072).fill(0.5))
  const run = async (given: Model): Promise<Tensor> => {
    await using executor = await reference().compile(given)
    return (await executor.run({ image })).logits as Tensor
  }
  expect((await run(quantized)).data).toEqual((await run(floats)).data)
  expect((await run(quantized)).data).not.toEqual((await run(model)).data)
})
