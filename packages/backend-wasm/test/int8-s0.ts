/** S0 in int8 with weights that any engine makes to the bit, and what its logits come to: for Node and for pages. */
import {
  elementCount,
  integerWeight,
  laneLimit,
  type Model,
  mobileone,
  type QuantizedTensor,
  random,
  type Tensor,
  type Tensors,
  tensor,
  variants,
  type Weight,
} from '@mobileone/core'
import type { Int8Kernel } from '../src/choose.ts'
import { runWith } from './int8-networks.ts'

/** Levels that eight to a lane of int16 stay within its limit. */
const mostLevel = Math.floor(laneLimit / 8)
const step = 0.03

/**
 * S0 with uniform weights, its pointwise layers in integers and its head in int8: every number is of the integers of a generator, and
 * roots and quotients, which IEEE 754 rounds in one way, since engines differ in logarithms.
 */
export function seededS0(): { readonly model: Model; readonly inputs: Tensors } {
  const graph = mobileone(variants.s0, { form: 'deploy' })
  const { next } = random(15)
  const uniform = (shape: readonly number[], spread: number): Tensor =>
    tensor(
      shape,
      Float32Array.from({ length: elementCount(shape) }, () => (2 * next() - 1) * spread),
    )
  const around = (length: number, value: number): Float32Array =>
    Float32Array.from({ length }, () => value * (0.75 + next() / 2))
  const stored = (shape: readonly number[], spread: number, steps: boolean): QuantizedTensor => {
    const [rows = 0, columns = 0] = shape
    return {
      dtype: 'int8',
      shape,
      data: Int8Array.from({ length: rows * columns }, () => Math.round((2 * next() - 1) * mostLevel)),
      scales: around(rows, ((steps ? step : 1) * spread) / mostLevel),
      ...(steps && { inputSteps: around(columns, step) }),
      ...(steps && rows === columns && { diagonal: uniform([rows], 0.5).data }),
    }
  }
  const weights: Record<string, Weight> = {}
  for (const node of graph.nodes) {
    if (node.op !== 'conv2d' && node.op !== 'linear') continue
    const { shape } = graph.weights[node.weight]!
    // With He's deviation (2015, arXiv 1502.01852) maps neither vanish nor grow.
    const spread = Math.sqrt(6 / elementCount(shape.slice(1)))
    const pointwise = node.op === 'conv2d' && node.groups === 1 && shape[2] === 1
    weights[node.weight] =
      pointwise || node.op === 'linear' ? stored(shape, spread, pointwise) : uniform(shape, spread)
    if (node.bias !== undefined) weights[node.bias] = uniform([shape[0]!], 0.1)
  }
  return { model: { ...graph, weights }, inputs: { image: uniform([1, 3, 224, 224], 2) } }
}

/** How the logits of a network are computed. */
export interface Int8Run {
  readonly simd: 'plain' | 'relaxed'
  readonly kernel: Int8Kernel
  readonly threads: number
}

/** The logits of S0 as the bits of each, and with which kernels its layers in integers were computed. */
export interface Int8Bits {
  readonly bits: readonly number[]
  readonly kernels: readonly string[]
}

/** @throws Error where a layer that the model asks to compute in integers is not. */
export async function int8Bits(model: Model, inputs: Tensors, run: Int8Run): Promise<Int8Bits> {
  const { outputs, kernels } = await runWith(model, inputs, run)
  const { data } = outputs.logits!
  const asked = model.nodes.filter((node) => integerWeight(model, node)).length
  const integers = kernels.filter((kernel) => kernel.startsWith('int8 '))
  if (integers.length !== asked)
    throw new Error(`${integers.length} of ${asked} layers are computed in integers`)
  return {
    bits: [...new Uint32Array(data.buffer, data.byteOffset, data.length)],
    kernels: [...new Set(integers)].sort(),
  }
}
