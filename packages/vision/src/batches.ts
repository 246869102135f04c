import {
  type Executor,
  formatShape,
  MobileOneError,
  type Preprocess,
  type Tensor,
  tensor,
  throwIfAborted,
} from '@mobileone/core'
import { decodeNamed } from './decode.ts'
import { checkRule, toTensor } from './preprocess.ts'
import type { DecodeOptions, ImageSource } from './source.ts'

/** The part of an executor that classification and embedding use. */
export type ImageModel = Pick<Executor, 'inputs' | 'outputs' | 'run'>

export interface ImageRunOptions extends DecodeOptions {
  /** How pixels become the model's input: `model.card.preprocess`, where the weights told it. */
  readonly preprocess: Preprocess
  /** The output to read, where the model has several. */
  readonly output?: string
}

/**
 * One row of the output per image: the elements of [N, C] or [N, C, 1, 1] that belong to it. Images go through in
 * batches of the size the executor was compiled for; the next batch is decoded while one runs.
 */
export async function runImages(
  executor: ImageModel,
  sources: readonly ImageSource[],
  options: ImageRunOptions,
  wanted: readonly string[],
): Promise<Float32Array[]> {
  const { name, batch } = inputOf(executor, options.preprocess)
  const output = outputOf(executor, options.output, wanted)
  const rows: Float32Array[] = []

  const prepare = async (start: number): Promise<Tensor> => {
    const chunk = sources.slice(start, start + batch)
    const label = (i: number): string | undefined => (sources.length > 1 ? `image ${start + i}` : undefined)
    const images = await Promise.all(chunk.map((source, i) => decodeNamed(source, options, label(i))))
    return filledTo(batch, toTensor(images, options.preprocess))
  }
  let next = sources.length > 0 ? prepare(0) : undefined
  for (let start = 0; next; start += batch) {
    const input: Tensor = await next
    next = start + batch < sources.length ? prepare(start + batch) : undefined
    next?.catch(() => {})
    throwIfAborted(options.signal, 'running the images')
    const results = await executor.run({ [name]: input }, options.signal ? { signal: options.signal } : {})
    const result = results[output]
    if (!result) throw new MobileOneError('invalid-input', `the run gave no output "${output}"`)
    const length = result.data.length / batch
    const count = Math.min(batch, sources.length - start)
    for (let i = 0; i < count; i++) rows.push(result.data.subarray(i * length, (i + 1) * length))
  }
  return rows
}

function filledTo(batch: number, input: Tensor): Tensor {
  if (input.shape[0] === batch) return input
  const filled = tensor([batch, ...input.shape.slice(1)])
  filled.data.set(input.data)
  return filled
}

function inputOf(executor: ImageModel, rule: Preprocess): { name: string; batch: number } {
  checkRule(rule)
  const names = Object.keys(executor.inputs)
  const name = names[0]
  if (name === undefined || names.length !== 1) {
    throw new MobileOneError(
      'invalid-argument',
      `a model for images has one input, this one has ${names.length}`,
    )
  }
  const { shape } = executor.inputs[name]!
  const image = [rule.mean.length, ...rule.size]
  if (shape.length !== 4 || image.some((size, axis) => shape[axis + 1] !== size)) {
    throw new MobileOneError(
      'invalid-argument',
      `the input "${name}" is ${formatShape(shape)}, but the preprocessing gives Nx${formatShape(image)}; compile the model for that size (withInputs), or change preprocess.size`,
    )
  }
  return { name, batch: shape[0]! }
}

function outputOf(executor: ImageModel, chosen: string | undefined, wanted: readonly string[]): string {
  const names = Object.keys(executor.outputs)
  const name = chosen ?? (names.length === 1 ? names[0] : wanted.find((each) => names.includes(each)))
  const spec = name === undefined ? undefined : executor.outputs[name]
  if (name === undefined || spec === undefined) {
    throw new MobileOneError(
      'invalid-argument',
      `${chosen === undefined ? 'the model has several outputs' : `there is no output "${chosen}"`}; choose with the option output one of ${names.join(', ')}`,
    )
  }
  if (spec.shape.length < 2 || spec.shape.slice(2).some((size) => size !== 1)) {
    throw new MobileOneError(
      'invalid-argument',
      `the output "${name}" is ${formatShape(spec.shape)}, a feature map; choose a pooled output, NxC or NxCx1x1`,
    )
  }
  return name
}
