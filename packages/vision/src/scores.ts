import { MobileOneError } from '@mobileone/core'

/** One class and its score. */
export interface Scored {
  readonly index: number
  readonly score: number
}

/**
 * `exp(x - max) / sum`, summed in float64.
 * @throws MobileOneError `invalid-input` when a logit is NaN or +Infinity, or none is finite.
 */
export function softmax(logits: ArrayLike<number>): Float32Array {
  let max = Number.NEGATIVE_INFINITY
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i]!
    if (Number.isNaN(logit)) refuseNaN('softmax', i)
    if (logit > max) max = logit
  }
  if (!Number.isFinite(max)) {
    throw new MobileOneError(
      'invalid-input',
      logits.length === 0
        ? 'softmax: there are no logits'
        : `softmax: the largest logit is ${max}; the network has overflowed`,
    )
  }
  const exponentials = new Float64Array(logits.length)
  let sum = 0
  for (let i = 0; i < logits.length; i++) {
    const value = Math.exp(logits[i]! - max)
    exponentials[i] = value
    sum += value
  }
  return Float32Array.from(exponentials, (value) => value / sum)
}

/** `1 / (1 + exp(-x))` of each logit, for networks trained to give several labels at once. */
export function sigmoid(logits: ArrayLike<number>): Float32Array {
  return Float32Array.from(logits, (value) => 1 / (1 + Math.exp(-value)))
}

/**
 * The `k` largest scores, best first; of equal scores the lower index comes first. All of them when `k` exceeds their
 * number, so `Infinity` sorts.
 * @throws MobileOneError `invalid-input` for a NaN score, `invalid-argument` when `k` is below 1 or not whole.
 */
export function topK(scores: ArrayLike<number>, k: number): Scored[] {
  if (!(k >= 1) || (k !== Number.POSITIVE_INFINITY && !Number.isInteger(k))) {
    throw new MobileOneError('invalid-argument', `topK: k must be a positive integer or Infinity, not ${k}`)
  }
  const capacity = Math.min(k, scores.length)
  const values = new Float64Array(capacity)
  const indices = new Int32Array(capacity)
  let size = 0
  for (let index = 0; index < scores.length; index++) {
    const score = scores[index]!
    if (Number.isNaN(score)) refuseNaN('topK', index)
    if (size === capacity && score <= values[size - 1]!) continue
    let low = 0
    let high = size
    while (low < high) {
      const middle = (low + high) >> 1
      if (values[middle]! >= score) low = middle + 1
      else high = middle
    }
    if (size < capacity) size++
    values.copyWithin(low + 1, low, size - 1)
    indices.copyWithin(low + 1, low, size - 1)
    values[low] = score
    indices[low] = index
  }
  return Array.from(values, (score, i) => ({ index: indices[i]!, score }))
}

function refuseNaN(where: string, index: number): never {
  throw new MobileOneError(
    'invalid-input',
    `${where}: the score of class ${index} is NaN; check the weights and the input, or run the reference backend to find the node that makes it`,
  )
}

/**
 * The cosine of the angle between two embeddings, -1 to 1, in float64.
 * @throws MobileOneError `invalid-argument` when the lengths differ or are 0, or a vector is zero or not finite.
 */
export function cosineSimilarity(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length || a.length === 0) {
    throw new MobileOneError(
      'invalid-argument',
      `cosineSimilarity: the embeddings have ${a.length} and ${b.length} elements; compare embeddings of one model`,
    )
  }
  let dot = 0
  let squaresA = 0
  let squaresB = 0
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!
    squaresA += a[i]! * a[i]!
    squaresB += b[i]! * b[i]!
  }
  const length = Math.sqrt(squaresA) * Math.sqrt(squaresB)
  if (!(length > 0 && Number.isFinite(length))) {
    throw new MobileOneError('invalid-argument', 'cosineSimilarity: an embedding is zero or not finite')
  }
  return Math.min(1, Math.max(-1, dot / length))
}
