import {
  type Executor,
  type Framing,
  formatShape,
  isMobileOneError,
  MobileOneError,
  type Preprocess,
  type RunOptions,
  type Tensor,
  type TensorSpec,
  type Tensors,
  tensor,
  throwIfAborted,
} from '@mobileone/core'
import { isOnGpu } from './instance.ts'
import { type PrepareTimes, prepareInto } from './prepare.ts'
import { checkPreprocessOptions, checkRule } from './preprocess.ts'
import { type ImageSource, nameOf, type PreprocessOptions } from './source.ts'

/** The part of an executor that classification and embedding use. */
export interface ImageModel extends Pick<Executor, 'inputs' | 'outputs' | 'run'> {
  /**
   * Run on a picture as it is, framed and resized where the model runs, as `webgpu` can. Asked, for one picture at a time, where a run
   * is to be `fast` of what may lie on a GPU; where it throws `invalid-input` the picture is prepared here.
   */
  runImage?(
    source: ImageBitmap | HTMLCanvasElement | OffscreenCanvas | HTMLVideoElement | VideoFrame,
    rule: Preprocess,
    options: RunOptions & Framing,
  ): Promise<Tensors>
}

/** Milliseconds of the stages of one picture, measured on the thread that went through them. */
export interface PictureTimes extends PrepareTimes {
  /** Its place among the pictures of the call. */
  readonly index: number
  /**
   * The run of the model, which is that of a whole batch where it takes several at once. Where the model's backend prepares the picture
   * itself, as `webgpu` does of frames, that is a part of it, and the others are 0.
   */
  readonly run: number
}

/** How a picture becomes the input of a model, and which output is read. */
export interface ImageRunOptions extends PreprocessOptions {
  /** Told of each picture what its stages took, after its run. */
  readonly onTimes?: (times: PictureTimes) => void
  /** How pixels become the model's input: `model.card.preprocess`, where the weights told it. */
  readonly preprocess: Preprocess
  /** The output to read, where the model has several. */
  readonly output?: string
}

/** What became of one image of many. */
export type ItemResult<T> =
  | {
      /** Its place among the images. */
      readonly index: number
      readonly source: ImageSource
      readonly ok: true
      readonly value: T
      readonly error?: undefined
    }
  | {
      readonly index: number
      readonly source: ImageSource
      readonly ok: false
      readonly value?: undefined
      readonly error: MobileOneError
    }

/** Images one after the other; an endless supply is read as far as it is consumed, and one batch ahead. */
export type ImageSources = Iterable<ImageSource> | AsyncIterable<ImageSource>

/**
 * What `finish` makes of each image's row of the output, the elements of [N, C] or [N, C, 1, 1] that belong to it, in the order of
 * the images. They go through in batches of the size the executor was compiled for; the next batch is decoded while one
 * runs. What is wrong with an image is its result; what is wrong with the options, the model or the device, and an abort, ends
 * the iteration with an error.
 */
export async function* runEach<T>(
  executor: ImageModel,
  sources: ImageSources,
  options: ImageRunOptions,
  wanted: readonly string[],
  finish: (row: Float32Array) => T,
  labelOf: (index: number) => string | undefined = (index) => `image ${index}`,
): AsyncGenerator<ItemResult<T>, void, undefined> {
  checkPreprocessOptions(options)
  const { name, batch } = inputOf(executor, options.preprocess)
  const output = outputOf(executor, options.output, wanted)
  const iterator = iteratorOf(sources)
  const isFast = options.resample === 'fast' && options.maxPixels === undefined
  const runsImage = isFast && batch === 1 && executor.runImage !== undefined
  let index = 0

  const prepare = async (): Promise<Batch | undefined> => {
    const chunk: ImageSource[] = []
    while (chunk.length < batch) {
      const next = await iterator.next()
      if (next.done) break
      chunk.push(next.value)
    }
    if (chunk.length === 0) return undefined
    const first = index
    index += chunk.length
    const [only] = chunk
    if (runsImage && isOnGpu(only))
      return { items: [{ index: first, source: only, ok: true, value: noTimes }], input: undefined }
    const input = tensor([batch, ...(executor.inputs[name] as TensorSpec).shape.slice(1)])
    const length = input.data.length / batch
    const items = await Promise.all(
      chunk.map(async (source, i) => {
        const item = { index: first + i, source }
        const row = input.data.subarray(i * length, (i + 1) * length)
        return attempt(item, () => prepareInto(row, source, options.preprocess, options, labelOf(item.index)))
      }),
    )
    chunk.length = 0
    return { items, input }
  }

  let next = prepare()
  try {
    for (let current = await next; current; current = await next) {
      next = prepare()
      next.catch(() => {})
      throwIfAborted(options.signal, 'running the images')
      const { items, input } = current
      if (!input) {
        const item = items.shift() as ItemResult<PrepareTimes>
        const start = performance.now()
        const run = await attempt(item, () => runImage(executor, item.source, options, name, output))
        if (run.ok) options.onTimes?.({ index: item.index, ...noTimes, run: performance.now() - start })
        yield run.ok ? await attempt(item, () => finish(run.value)) : run
        continue
      }
      const isAnyWell = items.some(({ ok }) => ok)
      const start = performance.now()
      const rows = isAnyWell ? await rowsOf(executor, name, input, output, options.signal) : []
      const run = performance.now() - start
      // Taken out one by one: a suspended generator may keep the list of an earlier batch, which must not keep its pictures.
      for (let item = items.shift(), i = 0; item; item = items.shift(), i++) {
        if (!item.ok) {
          yield item
          continue
        }
        options.onTimes?.({ index: item.index, ...item.value, run })
        yield await attempt(item, () => finish(rows[i] as Float32Array))
      }
    }
  } finally {
    Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

/** The values of {@link runEach} for a list, or the error of the first image that has one. */
export async function runAll<T>(
  executor: ImageModel,
  sources: readonly ImageSource[],
  options: ImageRunOptions,
  wanted: readonly string[],
  finish: (row: Float32Array) => T,
): Promise<T[]> {
  const label = (index: number): string | undefined => (sources.length > 1 ? `image ${index}` : undefined)
  const values: T[] = []
  for await (const item of runEach(executor, sources, options, wanted, finish, label)) {
    if (!item.ok) throw item.error
    values.push(item.value)
  }
  return values
}

/** Pictures and their rows of the input; that of a picture with an error is of no meaning. */
interface Batch {
  readonly items: ItemResult<PrepareTimes>[]
  /** Undefined where the only picture goes to the GPU as it is. */
  readonly input: Tensor | undefined
}

const noTimes: PrepareTimes = { decode: 0, prepare: 0 }

/** Codes of errors that an image has by itself: the next one may be well. */
const ownCodes: readonly string[] = ['invalid-file', 'invalid-input', 'network', 'unsupported']

async function attempt<T>(
  { index, source }: Pick<ItemResult<T>, 'index' | 'source'>,
  work: () => T | Promise<T>,
): Promise<ItemResult<T>> {
  try {
    return { index, source, ok: true, value: await work() }
  } catch (error) {
    if (!isMobileOneError(error) || !ownCodes.includes(error.code)) throw error
    return { index, source, ok: false, error }
  }
}

/** The output of a picture that goes to the model as it is, or prepared here where it is refused. */
async function runImage(
  executor: ImageModel,
  source: ImageSource,
  options: ImageRunOptions,
  name: string,
  output: string,
): Promise<Float32Array> {
  const { preprocess, region, rotate, flip, fit, signal } = options
  const framing = {
    ...(region && { region }),
    ...(rotate && { rotate }),
    ...(flip && { flip }),
    ...(fit && { fit }),
  }
  try {
    const image = source as ImageBitmap
    const results = await executor.runImage!(image, preprocess, { ...framing, ...(signal && { signal }) })
    return rowsIn(results, output, 1)[0]!
  } catch (error) {
    if (!isMobileOneError(error) || error.code !== 'invalid-input') throw error
  }
  const input = tensor((executor.inputs[name] as TensorSpec).shape)
  await prepareInto(input.data, source, preprocess, options)
  return (await rowsOf(executor, name, input, output, signal))[0]!
}

async function rowsOf(
  executor: ImageModel,
  name: string,
  input: Tensor,
  output: string,
  signal: AbortSignal | undefined,
): Promise<Float32Array[]> {
  const results = await executor.run({ [name]: input }, signal ? { signal } : {})
  return rowsIn(results, output, input.shape[0] as number)
}

function rowsIn(results: Tensors, output: string, batch: number): Float32Array[] {
  const result = results[output]
  if (!result) throw new MobileOneError('invalid-input', `the run gave no output "${output}"`)
  const length = result.data.length / batch
  return Array.from({ length: batch }, (_, i) => result.data.subarray(i * length, (i + 1) * length))
}

function iteratorOf(sources: ImageSources): Iterator<ImageSource> | AsyncIterator<ImageSource> {
  if (typeof sources === 'object' && sources !== null && !ArrayBuffer.isView(sources)) {
    if (Symbol.asyncIterator in sources) return sources[Symbol.asyncIterator]()
    if (Symbol.iterator in sources) return sources[Symbol.iterator]()
  }
  throw new MobileOneError(
    'invalid-argument',
    `images to go through one by one must be a list or another iterable of image sources, not ${nameOf(sources)}`,
  )
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
