import { type Conv2d, type Model, type QuantizedTensor, tensor } from '@mobileone/core'
import { tensorType } from '../mil/program.ts'
import type { ProgramBuilder } from './program-builder.ts'

/** Beyond this the first level of an input would be no normal float16. */
const largestFactor = 2 ** 8

/** A pointwise layer whose int8 weight has steps of inputs, a diagonal, or both. */
export interface Int8Layer {
  /** What the convolution reads. */
  readonly x: string
  readonly weight: string
  /** What is added to its result. */
  readonly own?: string
}

/**
 * The weight of `node` as the model's own levels, and the multiplications that say the rest: its input by the inverse of the steps, and
 * by the diagonal. Undefined where the program is not int8, or the layer is at a stride, padded or in groups.
 * @param identifier Of the values of the layer.
 */
export function lowerInt8(
  builder: ProgramBuilder,
  model: Model,
  node: Conv2d,
  identifier: string,
  x: string,
  shape: readonly number[],
): Int8Layer | undefined {
  const weight = model.weights[node.weight]
  if (builder.precision !== 'int8' || weight?.dtype !== 'int8') return undefined
  const { diagonal, inputSteps } = weight
  const isSimple = node.groups === 1 && node.padding.every((size) => size === 0)
  if (!isSimple || !(diagonal || inputSteps)) return undefined
  if (diagonal && node.stride.some((size) => size !== 1)) return undefined

  const times = (what: string, factors: Float32Array): string => {
    const [constant, made] = [`${identifier}_${what}_factors`, `${identifier}_${what}`].map((name) => {
      const taken = builder.names.take(name)
      builder.renamed.set(taken, '')
      return taken
    }) as [string, string]
    builder.weight(`${node.weight} (${what})`, tensor([1, factors.length, 1, 1], factors), constant)
    builder.emit('mul', made, { x, y: constant }, { name: made, type: tensorType(builder.dtype, shape) })
    return made
  }
  // With steps the scales are those of steps times steps, often below the normal numbers of float16: a power of 2 moves between both.
  const factor = inputSteps ? factorOf(weight) : 1
  return {
    x: inputSteps
      ? times(
          'steps',
          inputSteps.map((step) => 1 / (step * factor)),
        )
      : x,
    weight: levelsOf(builder, node.weight, weight, factor),
    ...(diagonal && { own: times('own', diagonal) }),
  }
}

function levelsOf(builder: ProgramBuilder, name: string, weight: QuantizedTensor, factor: number): string {
  const known = builder.levelNames.get(name)
  if (known !== undefined) return known
  const made = builder.levels(builder.identifier(name), weight, factor)
  builder.levelNames.set(name, made)
  return made
}

/** The power of 2 that brings the largest weight near 1. A row of zeros has no part in it: its scale says nothing. */
function factorOf({ data, scales }: QuantizedTensor): number {
  const size = data.length / scales.length
  const largest = scales.reduce((most, scale, row) => {
    const isZero = data.subarray(row * size, (row + 1) * size).every((level) => level === 0)
    return isZero ? most : Math.max(most, scale)
  }, 0)
  const exact = largest > 0 ? 2 ** Math.floor(-Math.log2(largest * 127)) : 1
  return Math.min(Math.max(exact, 1 / largestFactor), largestFactor)
}
