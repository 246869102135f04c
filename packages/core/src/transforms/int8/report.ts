import type { ExecutorPrecision } from '../../backend.ts'
import type { Tensors } from '../../model/tensor.ts'
import type { LayerKind } from './plan.ts'
import { PowerRatio } from './power-ratio.ts'

/** What became of one node that reads weights, and what that costs. */
export interface LayerReport {
  readonly node: string
  readonly op: string
  readonly kind: LayerKind
  /** Why it is not computed in integers. */
  readonly reason?: string
  /** Of the weight as stored, in decibels, at most 150: absent where it stays as it was. */
  readonly weightSqnrDb?: number
  /** Of the results of this layer alone, its inputs being those of the float network, in decibels: absent where it stays float. */
  readonly sqnrDb?: number
}

/** How far the outputs of two networks are apart. */
export interface OutputComparison {
  /** Power of the float network's outputs, around their mean, over that of the difference, in decibels, at most 150. */
  readonly sqnrDb: number
  /** Of the outputs [N, classes], how many have the same largest class, from 0 to 1: absent without such outputs. */
  readonly agreement?: number
}

/** What quantisation made of a network. */
export interface QuantizationReport extends OutputComparison {
  /** `w8a7`: layers are computed in integers. `w8`: weights are stored as int8. */
  readonly form: 'w8a7' | 'w8'
  readonly layers: readonly LayerReport[]
  /** How many runs of the float network the means and steps come from; of `noise`, if no samples were given. */
  readonly samples: number
  readonly calibratedOn: 'samples' | 'noise'
  /** What the networks were compared on, and how many of them. */
  readonly comparedOn: 'heldOut' | 'samples' | 'noise'
  readonly compared: number
  /** What the backend computed the compared network in: in `float32` the rounding of activations does not show. */
  readonly precision: ExecutorPrecision
}

/** Signal over noise, and agreement, of outputs of the float network and of another for the same inputs. */
export function compareOutputs(
  pairs: readonly (readonly [float: Tensors, other: Tensors])[],
): OutputComparison {
  const ratio = new PowerRatio()
  let [same, items] = [0, 0]
  for (const [float, other] of pairs) {
    for (const [name, { shape, data }] of Object.entries(float)) {
      const got = other[name]?.data ?? new Float32Array(data.length)
      const [batch = 1] = shape
      const size = data.length / batch
      for (let start = 0; start < data.length; start += size) {
        const [wanted, found] = [data.subarray(start, start + size), got.subarray(start, start + size)]
        ratio.add(wanted, found)
        if (shape.length !== 2 || size < 2) continue
        items++
        if (largest(wanted) === largest(found)) same++
      }
    }
  }
  return { sqnrDb: ratio.decibels, ...(items > 0 && { agreement: same / items }) }
}

function largest(values: Float32Array): number {
  let best = 0
  for (let index = 1; index < values.length; index++) {
    if ((values[index] as number) > (values[best] as number)) best = index
  }
  return best
}

/** The report as text: a table of the layers, and what the whole network lost. */
export function printQuantization(report: QuantizationReport): string {
  const header = ['layer', 'op', 'kind', 'weight dB', 'result dB', 'why not in integers']
  const decibels = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(1))
  const rows = report.layers.map(({ node, op, kind, reason = '', weightSqnrDb, sqnrDb }) => [
    node,
    op,
    kind,
    decibels(weightSqnrDb),
    decibels(sqnrDb),
    reason,
  ])
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] as string).length)),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] as number
        return column === 3 || column === 4 ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  return [header, ...rows].map(line).concat(summary(report), '').join('\n')
}

function summary(report: QuantizationReport): readonly string[] {
  const { form, layers, samples, calibratedOn, compared, comparedOn, agreement, sqnrDb, precision } = report
  const count = (kind: LayerKind): number => layers.filter((layer) => layer.kind === kind).length
  const names = { heldOut: 'held-out inputs', samples: 'of the samples themselves', noise: 'images of noise' }
  const agree = agreement === undefined ? '' : `, the same class for ${(100 * agreement).toFixed(1)} %`
  return [
    '',
    `${form}: ${count('int8')} layers in integers, ${count('weights')} with int8 weights, ${count('float')} float`,
    `calibrated on ${samples} ${calibratedOn === 'noise' ? names.noise : 'samples'}`,
    `${sqnrDb.toFixed(1)} dB on ${compared} ${names[comparedOn]}${agree}${
      form === 'w8a7' && precision !== 'int8' ? `, in ${precision}: activations were not rounded` : ''
    }`,
  ]
}
