import * as tf from '@tensorflow/tfjs'
import '@tensorflow/tfjs-backend-wasm'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Branches, BranchShape } from '../src/branch-shape.ts'
import { createBranches } from '../src/branches.ts'
import { composedPrimitives, createPrimitives } from '../src/primitives.ts'
import { registerWasmGradients } from '../src/register.ts'
import { type Array64, array } from './primitives-reference.ts'

beforeAll(() => registerWasmGradients(tf))

interface Case extends Omit<BranchShape, 'epsilon' | 'stride'> {
  readonly name: string
  readonly input: readonly [number, number, number]
  readonly stride?: number
}

const dense = (
  name: string,
  input: Case['input'],
  [inChannels, outChannels]: number[],
  kernels: number[],
  relu = true,
): Case => ({ name, input, inChannels: inChannels!, outChannels: outChannels!, groups: 1, kernels, relu })
const depthwise = (
  name: string,
  input: Case['input'],
  channels: number,
  kernels: number[],
  stride = 1,
  relu = true,
): Case => ({
  name,
  input,
  inChannels: channels,
  outChannels: channels,
  groups: channels,
  kernels,
  stride,
  relu,
})

const cases: readonly Case[] = [
  dense('pointwise, k 1', [2, 5, 3], [3, 7], [1]),
  dense('pointwise, k 2 and the input', [3, 4, 5], [9, 9], [1, 1, 0]),
  dense('pointwise, k 4 and the input, no relu', [1, 7, 7], [17, 17], [1, 1, 1, 1, 0], false),
  dense('pointwise, wide', [2, 3, 3], [70, 130], [1, 1, 1]),
  dense('pointwise, many rows', [5, 19, 23], [12, 20], [1, 1]),
  dense('stem of one channel', [3, 9, 8], [1, 6], [3, 3, 1]),
  { ...dense('stem of stride 2', [2, 9, 8], [3, 5], [3, 1]), stride: 2 },
  { ...dense('stem of stride 2, odd', [2, 7, 7], [2, 2], [3, 3, 3, 3, 1]), stride: 2 },
  dense('dense 3 x 3 with the input, no relu', [2, 5, 6], [5, 5], [3, 1, 0], false),
  dense('dense 5 x 5, all heights', [2, 6, 5], [2, 2], [5, 3, 1, 0]),
  { ...dense('1 x 1 of stride 2', [2, 5, 6], [4, 3], [1, 1]), stride: 2 },
  depthwise('depthwise, k 1', [2, 5, 6], 5, [3, 1, 0]),
  depthwise('depthwise, k 2, no relu', [2, 7, 9], 8, [3, 3, 1, 0], 1, false),
  depthwise('depthwise, k 4', [3, 6, 4], 3, [3, 3, 3, 3, 1, 0]),
  depthwise('depthwise of stride 2', [2, 7, 6], 5, [3, 1], 2),
  depthwise('depthwise of stride 2, odd, k 3', [2, 9, 9], 17, [3, 3, 3, 1], 2),
  depthwise('depthwise of one row', [3, 1, 5], 4, [3, 1, 0]),
  depthwise('depthwise of width 14', [2, 14, 14], 20, [3, 3, 1, 0]),
  depthwise('depthwise of no 3 x 3, composed', [2, 5, 4], 3, [1, 1, 0]),
  depthwise('depthwise 5 x 5, composed', [2, 6, 6], 3, [5, 3, 1, 0]),
]

describe.each(cases)('$name', ({ input, stride: each = 1, ...rest }) => {
  const shape: BranchShape = { ...rest, stride: [each, each], epsilon: 1e-3 }
  const x = array([...input, shape.inChannels], 3)
  const parameters = array([parameterCount(shape)], 5)

  test.each(['cpu', 'wasm'])(
    "on %s equals TensorFlow.js's own operations, branch by branch",
    async (backend) => {
      await tf.setBackend('cpu')
      const expected = evaluate(asWritten, shape, x, parameters)
      await tf.setBackend(backend)
      const branches = createBranches(tf, createPrimitives(tf))
      const before = tf.memory().numTensors
      const found = evaluate(branches, shape, x, parameters)
      expect(tf.memory().numTensors).toBe(before)
      for (const key of ['y', 'statistics', 'dx', 'dparameters'] as const)
        expectClose(found[key], expected[key], key)
      expect(evaluate(branches, shape, x, parameters)).toEqual(found)
      expect(evaluate(branches, shape, x, parameters, true).dparameters).toEqual(found.dparameters)
    },
  )
})

test('parameters of another number are refused', async () => {
  await tf.setBackend('wasm')
  const branches = createBranches(tf, createPrimitives(tf))
  const shape = {
    kernels: [1, 0],
    inChannels: 2,
    outChannels: 2,
    groups: 1,
    stride: [1, 1],
    epsilon: 0,
    relu: false,
  } as const
  expect(() => branches(tf.zeros([1, 2, 2, 2]), tf.zeros([11]), shape)).toThrow(
    /1, 0 from 2 to 2 .* have 12 parameters, not 11/,
  )
})

test('a channel that never changes has no gradient through its variance', async () => {
  await tf.setBackend('wasm')
  const branches = createBranches(tf, createPrimitives(tf))
  const shape = {
    kernels: [1],
    inChannels: 1,
    outChannels: 1,
    groups: 1,
    stride: [1, 1],
    epsilon: 1e-5,
    relu: false,
  } as const
  const [dx, dparameters] = tf.tidy(() =>
    tf
      .grads((x, p) => tf.sum(branches(x as tf.Tensor4D, p as tf.Tensor1D, shape)))([
        tf.fill([1, 3, 3, 1], 5),
        tf.tensor1d([2, 1, 0]),
      ])
      .map((gradient) => [...gradient.dataSync()]),
  )
  expect(dx).toEqual(Array(9).fill(0))
  expect(dparameters).toEqual([0, 0, 9])
})

interface Found {
  readonly y: Float32Array
  readonly statistics: Float32Array
  readonly dx: Float32Array
  readonly dparameters: Float32Array
}

/** The sum, and the gradients of its product with fixed weights. */
function evaluate(
  branches: Branches,
  shape: BranchShape,
  x: Array64,
  parameters: Array64,
  constantInput = false,
): Found {
  return tf.tidy(() => {
    let y: tf.Tensor | undefined
    let statistics: Float32Array | undefined
    const loss = (x: tf.Tensor, p: tf.Tensor): tf.Tensor => {
      const observe = (seen: tf.Tensor3D): void => {
        statistics = seen.dataSync() as Float32Array
      }
      const made = branches(x as tf.Tensor4D, p as tf.Tensor1D, shape, { observe, constantInput })
      y = tf.keep(made.clone())
      return tf.sum(tf.mul(made, tensorOf(array(made.shape, 11))))
    }
    const [image, vector] = [tensorOf(x), tensorOf(parameters)]
    const gradients = constantInput
      ? [tf.zerosLike(image), tf.grad((p) => loss(image, p))(vector)]
      : tf.grads((x, p) => loss(x!, p!))([image, vector])
    const [dx, dparameters] = gradients.map((gradient) => gradient.dataSync() as Float32Array)
    const values = y!.dataSync() as Float32Array
    y!.dispose()
    return { y: values, statistics: statistics!, dx: dx!, dparameters: dparameters! }
  })
}

/** Each branch by itself. */
const asWritten: Branches = (x, parameters, shape, { observe } = {}) => {
  const { kernels, inChannels, outChannels, groups, stride, epsilon, relu } = shape
  const perGroup = inChannels / groups
  let at = 0
  const take = (count: number): tf.Tensor => tf.slice(parameters, [(at += count) - count], [count])
  const { moments } = composedPrimitives(tf)
  const seen: tf.Tensor[][] = []
  const terms = kernels.map((size) => {
    let z: tf.Tensor4D = x
    if (size > 0) {
      const kernel = tf.reshape(take(outChannels * perGroup * size * size), [
        outChannels,
        perGroup,
        size,
        size,
      ])
      const margin = (size - 1) / 2
      const pad = [0, margin, margin, 0].map((side) => [side, side])
      z =
        groups === 1
          ? tf.conv2d(x, tf.transpose(kernel, [2, 3, 1, 0]) as tf.Tensor4D, [...stride], pad as never)
          : tf.depthwiseConv2d(
              x,
              tf.transpose(kernel, [2, 3, 0, 1]) as tf.Tensor4D,
              [...stride],
              pad as never,
            )
    }
    const [mean, variance] = moments(z)
    seen.push([mean, variance])
    const [gamma, beta] = [take(outChannels), take(outChannels)]
    return tf.add(tf.mul(tf.div(tf.sub(z, mean), tf.sqrt(tf.add(variance, epsilon))), gamma), beta)
  })
  observe?.(tf.stack([0, 1].map((part) => tf.stack(seen.map((pair) => pair[part]!)))) as tf.Tensor3D)
  const sum = tf.addN(terms)
  return (relu ? tf.relu(sum) : sum) as tf.Tensor4D
}

function parameterCount({ kernels, inChannels, outChannels, groups }: BranchShape): number {
  return kernels.reduce((sum, size) => sum + outChannels * ((size * size * inChannels) / groups + 2), 0)
}

function tensorOf({ shape, data }: Array64): tf.Tensor {
  return tf.tensor(Float32Array.from(data), [...shape])
}

/** Within 1e-4 of the largest value. */
function expectClose(actual: Float32Array, expected: Float32Array, what: string): void {
  expect(actual.length, what).toBe(expected.length)
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30)
  const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!) / scale), 0)
  expect(worst, what).toBeLessThan(1e-4)
}
