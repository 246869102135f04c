import { inverseSteps, largestLevel, toLevel } from '../../model/integer-weight.ts'
import { elementCount, type QuantizedTensor, type Tensor, tensor } from '../../model/tensor.ts'
import { dequantize } from '../../model/weights.ts'
import { roundCompensated } from './compensated-rounding.ts'
import { inputSteps } from './input-steps.ts'
import type { Layer } from './plan.ts'
import { PowerRatio } from './power-ratio.ts'
import { quantizeRows } from './quantize-rows.ts'
import type { InputStatistics } from './statistics.ts'

/** Of fewer results for each input behind one, compensation is shrunk to next to nothing: that of a classifier behind a pooled map. */
const leastShare = 1 / 8

/**
 * `weight` of a pointwise convolution that reads non-negative values, to be computed in integers: steps of the input, its columns times
 * them, the diagonal of a square one apart, and rows that the fastest kernel can sum.
 * @param reach Of the values of an input channel, the share that its levels reach.
 */
export function integerForm(weight: Tensor, inputs: InputStatistics, reach: number): QuantizedTensor {
  const steps = inputSteps(inputs.histograms, reach)
  const { rest, diagonal } = splitDiagonal(weight)
  const columns = steps.length
  for (let index = 0; index < rest.length; index++) {
    rest[index] = (rest[index] as number) * (steps[index % columns] as number)
  }
  const rows = quantizeRows(rest, columns, { limitLanes: true })
  return { dtype: 'int8', shape: weight.shape, ...rows, ...(diagonal && { diagonal }), inputSteps: steps }
}

/**
 * `weight` to be stored as int8: symmetric, a scale for each output channel, the diagonal of a square pointwise convolution apart, to the
 * levels that add the least noise to inputs as those of the samples, where their moments are known, and else to the nearest.
 * @param pace Awaited now and then.
 */
export async function storedForm(
  weight: Tensor,
  { moments }: InputStatistics,
  pace: () => Promise<void>,
): Promise<QuantizedTensor> {
  const { rest, diagonal } = splitDiagonal(weight)
  const rows = quantizeRows(rest, elementCount(weight.shape.slice(1)), { limitLanes: false })
  const fixed = (row: number): number | undefined => (diagonal ? row : undefined)
  const isKnown = moments !== undefined && moments.count >= leastShare * moments.size
  const data = isKnown ? await roundCompensated(rest, rows.scales, moments, fixed, pace) : rows.data
  return { dtype: 'int8', shape: weight.shape, ...rows, data, ...(diagonal && { diagonal }) }
}

/** The identity branch folded into a square pointwise convolution outgrows its other weights, so it stays float. */
function splitDiagonal({ shape, data }: Tensor): {
  readonly rest: Float64Array
  readonly diagonal?: Float32Array
} {
  const rest = Float64Array.from(data)
  const [rows = 0, columns = 0] = shape
  if (shape.length !== 4 || rows !== columns || data.length !== rows * columns) return { rest }
  const diagonal = new Float32Array(rows)
  for (let row = 0; row < rows; row++) {
    diagonal[row] = data[row * (columns + 1)] as number
    rest[row * (columns + 1)] = 0
  }
  return { rest, diagonal }
}

/**
 * The bias that takes back what rounding adds to the mean of each output channel: `b - (Wq E[xq] - W E[x])`. Rounding errors have a mean,
 * and inputs that are never negative do not average it out (Nagel et al. 2019, arXiv 1906.04721, section 4.2, for weights). For a layer in
 * integers xq is the input in steps, of which those beyond the last are left out: to make up for what is cut off as well costs other
 * inputs than those of the samples more than it gains (docs/quantization.md).
 */
export function correctBias(
  layer: Layer,
  weight: Tensor,
  int8: QuantizedTensor,
  bias: Tensor | undefined,
  inputs: InputStatistics,
): Tensor {
  const stored = dequantize(int8)
  const { means } = inputs
  const seen = int8.inputSteps ? roundedMeans(inputs, int8.inputSteps) : means
  const [rows = 0] = weight.shape
  const size = weight.data.length / rows
  const corrected = new Float32Array(rows)
  for (let row = 0; row < rows; row++) {
    const first = patchStart(layer, row, rows, size)
    let shift = 0
    for (let index = 0; index < size; index++) {
      const at = row * size + index
      shift += (stored.data[at] as number) * (seen[first + index] as number)
      shift -= (weight.data[at] as number) * (means[first + index] as number)
    }
    corrected[row] = (bias?.data[row] ?? 0) - shift
  }
  return tensor([rows], corrected)
}

function roundedMeans({ means, histograms }: InputStatistics, steps: Float32Array): Float64Array {
  return means.map((mean, channel) => {
    const step = steps[channel] as number
    return mean + (histograms[channel]?.meanOfRounding(step, largestLevel) ?? 0)
  })
}

/** Where in a patch the inputs of an output channel begin: with groups, at those of its group. */
function patchStart(layer: Layer, row: number, rows: number, size: number): number {
  return layer.op === 'conv2d' ? Math.floor((row * layer.groups) / rows) * size : 0
}

/** The noise that int8 adds to single results of a layer, its inputs being those of the float network. */
export function layerSqnrDb(
  layer: Layer,
  float: { readonly weight: Tensor; readonly bias: Tensor | undefined },
  int8: { readonly weight: QuantizedTensor; readonly stored: Tensor; readonly bias: Tensor },
  patches: readonly Float32Array[],
): number {
  const [rows = 0] = float.weight.shape
  const size = float.weight.data.length / rows
  const rounded = int8.weight.inputSteps ? patches.map((patch) => roundInputs(patch, int8.weight)) : patches
  const wanted = new Float64Array(patches.length * rows)
  const got = new Float64Array(patches.length * rows)
  for (const [index, patch] of patches.entries()) {
    const seen = rounded[index] as Float32Array
    for (let row = 0; row < rows; row++) {
      const first = patchStart(layer, row, rows, size)
      let [exact, near] = [float.bias?.data[row] ?? 0, int8.bias.data[row] as number]
      for (let at = 0; at < size; at++) {
        exact += (float.weight.data[row * size + at] as number) * (patch[first + at] as number)
        near += (int8.stored.data[row * size + at] as number) * (seen[first + at] as number)
      }
      wanted[index * rows + row] = exact
      got[index * rows + row] = near
    }
  }
  const ratio = new PowerRatio()
  ratio.add(wanted, got)
  return ratio.decibels
}

/** What the levels of `patch` stand for. */
function roundInputs(patch: Float32Array, weight: QuantizedTensor): Float32Array {
  const inverse = inverseSteps(weight)
  return patch.map(
    (value, channel) => toLevel(value, inverse[channel] as number) * (weight.inputSteps?.[channel] as number),
  )
}
