import {
  type Backend,
  type Executor,
  MobileOneError,
  type Model,
  type OnProgress,
  reparameterize,
  tensor,
  throwIfAborted,
  withInputs,
} from '@mobileone/core'
import type { Batch, BatchSource } from '../data/batch.ts'

/** What a model is evaluated on, and how to stop it or hear how far it is. */
export interface EvaluateOptions {
  readonly backend: Backend
  /** Images per run. Default 100. */
  readonly batchSize?: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress
}

/** How often a model is right, as fractions from 0 to 1. */
export interface Evaluation {
  readonly images: number
  /** Fraction of the images whose largest logit is their label's. */
  readonly top1: number
  /** The same for each class; NaN for a class without images. */
  readonly perClass: readonly number[]
}

/**
 * Accuracy of `model`, folded if it is in train form, on the images of `source` as they come.
 * @throws MobileOneError `invalid-input` where a label is no class of the model.
 */
export async function evaluate(
  model: Model,
  source: BatchSource,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const { backend, batchSize = 100, signal, onProgress } = options
  const folded = reparameterize(model)
  const executors = new Map<string, Executor>()
  const { size } = source.preprocess
  let images = 0
  const seen: number[] = []
  const correct: number[] = []
  try {
    for await (const batch of source.batches({ epoch: 0, seed: 0, batchSize, size, strength: 0, signal })) {
      throwIfAborted(signal, 'evaluating')
      const [count, height, width, channels] = batch.shape
      const shape = [count, channels, height, width]
      let executor = executors.get(shape.join())
      if (!executor) {
        executor = await backend.compile(
          withInputs(folded, { [inputOf(folded)]: shape }),
          signal ? { signal } : {},
        )
        executors.set(shape.join(), executor)
      }
      const outputs = await executor.run(
        { [inputOf(folded)]: tensor(shape, toNchw(batch)) },
        signal ? { signal } : {},
      )
      const logits = outputs.logits ?? Object.values(outputs)[0]
      const classes = logits?.shape[1] ?? 0
      for (const [image, label] of batch.labels.entries()) {
        const row = logits?.data.subarray(image * classes, (image + 1) * classes) as Float32Array
        if (label < 0 || label >= classes)
          throw new MobileOneError(
            'invalid-input',
            `image ${images} has class ${label}; the model has ${classes}`,
          )
        seen[label] = (seen[label] ?? 0) + 1
        if (row.indexOf(Math.max(...row)) === label) correct[label] = (correct[label] ?? 0) + 1
        images++
      }
      onProgress?.({ phase: 'evaluate', done: images, total: source.examples })
    }
  } finally {
    await Promise.all([...executors.values()].map((executor) => executor.dispose()))
  }
  if (images === 0) throw new MobileOneError('invalid-input', 'there are no images to evaluate')
  const total = correct.reduce((sum, count) => sum + (count ?? 0), 0)
  return {
    images,
    top1: total / images,
    perClass: source.labels.map((_, label) => (correct[label] ?? 0) / (seen[label] ?? 0)),
  }
}

function inputOf(model: Model): string {
  return Object.keys(model.inputs)[0] as string
}

function toNchw({ images, shape: [count, height, width, channels] }: Batch): Float32Array {
  if (channels === 1) return images
  const area = height * width
  const planar = new Float32Array(images.length)
  for (let image = 0; image < count; image++) {
    const base = image * area * channels
    for (let channel = 0; channel < channels; channel++) {
      for (let pixel = 0; pixel < area; pixel++)
        planar[base + channel * area + pixel] = images[base + pixel * channels + channel] as number
    }
  }
  return planar
}
