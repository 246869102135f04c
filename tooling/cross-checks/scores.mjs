import { random } from '@mobileone/core'
import { sigmoid, softmax, topK } from '@mobileone/vision'
import { largestDifference } from './apart.mjs'
import { floats } from './python-process.mjs'

const perCall = 500

/** Vectors of random lengths, many with equal scores. */
export const scores = {
  name: 'scores',
  about: 'top-k, softmax and sigmoid of random vectors, ties among them: numpy and PyTorch',
  async *run({ python, seed, cases }) {
    const source = random(seed)
    let [misplaced, softmaxApart, sigmoidApart] = [0, 0, 0]
    for (let done = 0; done < cases; done += perCall) {
      const vectors = Array.from({ length: Math.min(perCall, cases - done) }, () => vectorOf(source))
      const k = vectors.map(({ length }) => source.integer(1, Math.min(length + 3, 50)))
      const { blobs } = await python.ask('scores.rank', { k }, vectors)
      for (const [index, vector] of vectors.entries()) {
        const [order, probabilities, chances] = blobs.slice(3 * index)
        const ranked = new Int32Array(floats(order).buffer)
        const found = topK(vector, k[index])
        const same = (at) => found[at]?.index === ranked[at] && found[at].score === vector[ranked[at]]
        misplaced +=
          Math.abs(found.length - ranked.length) + [...ranked.keys()].filter((at) => !same(at)).length
        softmaxApart = Math.max(softmaxApart, largestDifference(softmax(vector), floats(probabilities)))
        sigmoidApart = Math.max(sigmoidApart, largestDifference(sigmoid(vector), floats(chances)))
      }
    }
    yield { what: 'top-k, classes out of place', against: 'numpy', cases, worst: misplaced, limit: 0 }
    yield { what: 'softmax', against: 'torch', cases, worst: softmaxApart, limit: 6e-8 }
    yield { what: 'sigmoid', against: 'torch', cases, worst: sigmoidApart, limit: 6e-8 }
  },
}

function vectorOf(source) {
  const length = source.integer(1, 2000)
  const spread = 10 ** source.integer(-2, 2)
  const round = source.next() < 0.5 ? (value) => Math.round(4 * value) / 4 : (value) => value
  return Float32Array.from({ length }, () => round(spread * source.normal()))
}
