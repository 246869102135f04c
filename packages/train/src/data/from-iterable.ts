import { formatShape, MobileOneError, throwIfAborted } from '@mobileone/core'
import { checkRule } from '@mobileone/vision'
import type { Batch, BatchRequest, BatchSource } from './batch.ts'
import { checkRequest } from './batch-source.ts'

/** Batches of one's own. `batches` may be an async generator function; it must honour `skip` for runs to be resumed. */
export interface IterableSource extends Omit<BatchSource, 'batches'> {
  batches(request: BatchRequest): AsyncIterable<Batch> | Iterable<Batch>
}

/**
 * Batches from anywhere, each checked before it reaches the network: the size asked for, finite pixels, class indices in
 * range.
 * @throws MobileOneError `invalid-argument` where labels, channels and rule do not fit; while iterating `invalid-input` naming the batch and what is wrong with it.
 */
export function fromIterable(source: IterableSource): BatchSource {
  const { examples, labels, channels, preprocess } = source
  checkRule(preprocess)
  if (!Number.isSafeInteger(examples) || examples < 1) {
    throw new MobileOneError('invalid-argument', `examples must be a positive integer, not ${examples}`)
  }
  if (preprocess.mean.length !== channels || labels.length === 0) {
    throw new MobileOneError(
      'invalid-argument',
      `a source needs labels (it has ${labels.length}) and one mean per channel (${preprocess.mean.length} for ${channels})`,
    )
  }
  const dispose = source.dispose?.bind(source)
  return {
    examples,
    labels,
    channels,
    preprocess,
    async *batches(request) {
      checkRequest(request, channels)
      let index = request.skip ?? 0
      for await (const batch of source.batches(request)) {
        throwIfAborted(request.signal, 'loading batches')
        checkBatch(batch, `batch ${index} of epoch ${request.epoch}`, request, channels, labels.length)
        yield batch
        index++
      }
    },
    ...(dispose ? { dispose } : {}),
  }
}

function checkBatch(
  batch: Batch,
  name: string,
  { size, batchSize }: BatchRequest,
  channels: number,
  classes: number,
): void {
  const fail = (message: string): never => {
    throw new MobileOneError('invalid-input', `${name}: ${message}`)
  }
  const { images, labels, shape } = batch
  const [count] = shape
  if (!Number.isSafeInteger(count) || count < 1 || count > batchSize) {
    fail(`it holds ${count} images; 1 to ${batchSize} were asked for`)
  }
  const expected = [count, ...size, channels]
  if (shape.length !== 4 || expected.some((extent, axis) => shape[axis] !== extent)) {
    fail(`its shape is ${formatShape(shape)}, expected ${formatShape(expected)} (NHWC)`)
  }
  const length = expected.reduce((product, extent) => product * extent, 1)
  if (!(images instanceof Float32Array) || images.length !== length) {
    fail(`images must be a Float32Array of ${length} elements, not ${images.length}`)
  }
  if (!(labels instanceof Int32Array) || labels.length !== count) {
    fail(`labels must be an Int32Array of ${count} elements, not ${labels.length}`)
  }
  const wrong = labels.findIndex((label) => label < 0 || label >= classes)
  if (wrong >= 0) fail(`image ${wrong} has class ${labels[wrong]}, but there are ${classes} labels`)
  const broken = images.findIndex((value) => !Number.isFinite(value))
  if (broken >= 0) fail(`pixel ${broken} is ${images[broken]}; pixels must be finite`)
}
