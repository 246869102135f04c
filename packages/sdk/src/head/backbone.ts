import { headOf, type Model, type Preprocess, random, type Weight, weightRoles } from '@mobileone/core'

/** What embeddings depend on, as plain data: a head fits the backbone it was fitted on and no other. */
export interface Backbone {
  /** The name of the model, for messages. */
  readonly name: string
  /** Elements of an embedding. */
  readonly features: number
  /**
   * A sketch of the folded weights below the head, of length about 1. Storage as float16 or int8 moves it by less than 0.1, other
   * training by more than 1.
   */
  readonly fingerprint: readonly number[]
  readonly preprocess: Preprocess
}

export const fingerprintLength = 16
const samplesPerWeight = 64

/**
 * What embeddings of `model`, in deploy form, under the preprocessing rule depend on.
 * @returns undefined for a model that does not end in a linear layer.
 */
export function backboneOf(model: Model, preprocess: Preprocess): Backbone | undefined {
  const head = headOf(model)
  const features = head && model.weights[head.weight]?.shape[1]
  return features ? { name: model.name, features, fingerprint: fingerprint(model), preprocess } : undefined
}

/** A count sketch (Charikar et al. 2002) of evenly spaced elements of each weight, scaled so that every weight counts the same. */
function fingerprint(model: Model): number[] {
  const head = headOf(model)
  const sums = new Array<number>(fingerprintLength).fill(0)
  const source = random(1)
  let count = 0
  for (const node of model.nodes) {
    if (node === head) continue
    for (const [, name] of weightRoles(node)) {
      const weight = model.weights[name]
      if (!weight || weight.shape.length < 2) continue
      const samples = sample(weight)
      const length = Math.hypot(...samples) || 1
      for (const value of samples) {
        const draw = source.integer(0, 2 * fingerprintLength - 1)
        const signed = (draw & 1 ? value : -value) * Math.sqrt(samples.length)
        sums[draw >> 1]! += signed / length
      }
      count += samples.length
    }
  }
  return sums.map((sum) => Math.round((1e5 * sum) / Math.sqrt(count || 1)) / 1e5)
}

function sample(weight: Weight): number[] {
  const total = weight.data.length
  const count = Math.min(total, samplesPerWeight)
  return Array.from({ length: count }, (_, i) => elementOf(weight, Math.floor((i * total) / count)))
}

function elementOf(weight: Weight, index: number): number {
  const value = weight.data[index]!
  if (weight.dtype === 'float32') return value
  const size = weight.data.length / weight.shape[0]!
  const channel = Math.floor(index / size)
  const diagonal = index % size === channel ? (weight.diagonal?.[channel] ?? 0) : 0
  return weight.scales[channel]! * (value - (weight.zeroPoints?.[channel] ?? 0)) + diagonal
}
