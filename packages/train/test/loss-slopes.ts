import { floatWeight, type Model } from '@mobileone/core'
import * as tf from '@tensorflow/tfjs'
import '@tensorflow/tfjs-backend-wasm'
import { expect } from 'vitest'
import { createNetwork, type Gradients } from '../src/gradients/loss-gradients.ts'
import { flatten } from '../src/gradients/parameter-layout.ts'
import { trainingLoss } from './float64-loss.ts'
import { mostOps, pyramid, randomBatch, tinyModel } from './models.ts'

export const smoothing = 0.1
export const models: Readonly<Record<string, () => Model>> = {
  'k 1': () => tinyModel(1),
  'k 2, three channels': () => tinyModel(2, 0, 3),
  'k 4, squeeze-and-excite': () => tinyModel(4, 1),
  'most ops': mostOps,
  'a pyramid': pyramid,
}

/** Gradients of a random batch, which leave no tensor behind. */
export async function gradients(backend: string, model: Model, branchwise: boolean): Promise<Gradients> {
  await tf.setBackend(backend)
  const network = createNetwork(tf, model, { branchwise })
  const parameters = flatten(network.layouts.parameters, model)
  const before = tf.memory().numTensors
  const result = await network.gradients(parameters, randomBatch(model, 5), smoothing)
  expect(tf.memory().numTensors).toBe(before)
  return { ...result, gradients: result.gradients.slice(), statistics: result.statistics.slice() }
}

/** The weights of a model in float64, by name. */
export function float64Weights(model: Model): Record<string, Float64Array> {
  return Object.fromEntries(
    Object.keys(model.weights).map((name) => [name, Float64Array.from(floatWeight(model, name).data)]),
  )
}

/** The slope of the loss in float64 along element `index` of the weight `name`, by a `step` to either side. */
export function slopeAt(
  model: Model,
  weights: Record<string, Float64Array>,
  batch: ReturnType<typeof randomBatch>,
  { name, index, step }: { readonly name: string; readonly index: number; readonly step: number },
): number {
  const values = weights[name] as Float64Array
  const kept = values[index] as number
  const at = (value: number): number => {
    values[index] = value
    return trainingLoss(model, weights, batch, smoothing)
  }
  const slope = (at(kept + step) - at(kept - step)) / (2 * step)
  values[index] = kept
  return slope
}

/** Gradients on the processor are the slopes of the loss in float64, at so many places of each parameter. */
export async function expectSlopes(model: Model, places: number): Promise<void> {
  const batch = randomBatch(model, 5)
  const { gradients: found, loss } = await gradients('cpu', model, false)
  const weights = float64Weights(model)
  expect(loss).toBeCloseTo(trainingLoss(model, weights, batch, smoothing), 5)
  let largest = 0
  for (const { name, offset, size } of createNetwork(tf, model).layouts.parameters.slots) {
    for (let index = 0; index < size; index += Math.max(1, Math.floor(size / places))) {
      const slope = slopeAt(model, weights, batch, { name, index, step: 1e-6 })
      largest = Math.max(largest, Math.abs(slope))
      expect(Math.abs((found[offset + index] as number) - slope), `${name}[${index}]`).toBeLessThan(
        1e-4 * Math.max(1, Math.abs(slope)),
      )
    }
  }
  expect(largest).toBeGreaterThan(0.01)
}
