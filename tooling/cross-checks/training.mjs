import { modelFromCheckpoint, readCheckpoint, toSafetensors } from '@mobileone/checkpoint'
import {
  configFromWidths,
  floatWeight,
  imagenetPreprocess,
  initialize,
  mobileone,
  random,
} from '@mobileone/core'
import { overrideRecipe, paperRecipe, train } from '@mobileone/train'
import { startTfjs } from '@mobileone/train/node'
import { apart } from './apart.mjs'

const [size, batchSize, classes, stepsPerEpoch, epochs] = [64, 16, 10, 3, 2]
/** A small MobileOne: in the deep ones a few steps carry a rounding so far that PyTorch disagrees with itself. */
const network = { blocks: [1, 2, 1, 1], widths: [0.5, 0.5, 0.5, 0.5], branches: 2 }
const tries = [
  { name: 'momentum', variant: 's0', nesterov: false, gradientClip: null },
  { name: 'Nesterov, clipped', variant: 's1', nesterov: true, gradientClip: 1 },
]
/** Of the largest element of a tensor. */
const limit = 2e-5

/** Our trainer on TensorFlow.js and PyTorch, from the same weights over the same batches. */
export const training = {
  name: 'training',
  about:
    'steps of SGD with momentum, weight decay, label smoothing and moving average, from the same weights: PyTorch in float64',
  async *run({ python, seed, note }) {
    const lib = await startTfjs()
    for (const { name, variant, nesterov, gradientClip } of tries) {
      const recipe = overrideRecipe(paperRecipe(variant), {
        epochs,
        optimizer: { momentum: 0.9, nesterov },
        learningRate: { peak: 0.001, final: 1e-4, warmupEpochs: 0.5, warmupFactor: 0.1 },
        weightDecay: { from: 0.2, to: 0.05 },
        ema: { decay: 0.8, debias: true },
        gradientClip,
        curriculum: [{ from: 0, size: [size, size], strength: 0, batchSize }],
      })
      const config = configFromWidths({ ...network, name: 'small', classes, inputSize: [size, size] })
      const start = initialize(mobileone(config, { form: 'train' }), { seed, scheme: 'pytorch' })
      const batches = batchesOf(seed)
      const ours = { losses: [], norms: [] }
      const trained = await train(start, {
        lib,
        recipe,
        data: sourceOf(batches),
        onEvent(event) {
          if (event.type !== 'step') return
          ours.losses.push(event.loss)
          ours.norms.push(event.gradientNorm)
          note(`${name}: step ${event.step} of ${event.steps}: loss ${event.loss.toFixed(4)}`)
        },
      })
      const given = [
        toSafetensors(start, { naming: 'timm' }),
        ...batches.flatMap(({ images, labels }) => [images, labels]),
      ]
      const follow = async (dtype) => {
        const asked = { network, recipe, classes, size, batchSize, stepsPerEpoch, dtype }
        const { result, blobs } = await python.ask('training.train', asked, given)
        const [last, average] = blobs.map((bytes) =>
          modelFromCheckpoint(readCheckpoint(bytes), { size: [size, size] }),
        )
        return { ...result, last, average }
      }
      const wanted = await follow('float64')
      const again = await follow('float32')
      const compare = (what, mine, wanted, single) => ({
        what: `${name}: ${what}`,
        against: 'torch',
        cases: epochs * stepsPerEpoch,
        worst: apart(mine, wanted),
        limit,
        beside: apart(single, wanted),
      })
      yield compare('losses', ours.losses, wanted.losses, again.losses)
      yield compare('norms of the gradients', ours.norms, wanted.norms, again.norms)
      yield {
        ...compare('last weights', [1], [1], [1]),
        worst: modelsApart(trained.last, wanted.last),
        beside: modelsApart(again.last, wanted.last),
      }
      yield {
        ...compare('averaged weights', [1], [1], [1]),
        worst: modelsApart(trained.model, wanted.average),
        beside: modelsApart(again.average, wanted.average),
      }
    }
  },
}

/** The largest difference of a weight, of the largest element of its tensor. */
function modelsApart(found, wanted) {
  const names = Object.keys(wanted.weights)
  if (names.join() !== Object.keys(found.weights).join()) return Number.POSITIVE_INFINITY
  return Math.max(
    ...names.map((name) => apart(floatWeight(found, name).data, floatWeight(wanted, name).data)),
  )
}

/** Noise with a stripe of the class's own, so that there is something to learn. */
function batchesOf(seed) {
  const source = random(seed)
  return Array.from({ length: epochs * stepsPerEpoch }, () => {
    const labels = Int32Array.from({ length: batchSize }, () => source.integer(0, classes - 1))
    const images = new Float32Array(batchSize * size * size * 3)
    for (let at = 0; at < images.length; at++) {
      const label = labels[Math.floor(at / (size * size * 3))]
      const column = Math.floor(at / 3) % size
      images[at] = 0.5 * source.normal() + Math.sin(((label + 1) * column * Math.PI) / size)
    }
    return { images, labels, shape: [batchSize, size, size, 3] }
  })
}

function sourceOf(batches) {
  return {
    examples: stepsPerEpoch * batchSize,
    labels: Array.from({ length: classes }, (_, index) => `class ${index}`),
    channels: 3,
    preprocess: imagenetPreprocess([size, size], 3),
    async *batches({ epoch, skip = 0 }) {
      yield* batches.slice(epoch * stepsPerEpoch + skip, (epoch + 1) * stepsPerEpoch)
    },
  }
}
