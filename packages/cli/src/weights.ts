import { open, stat } from 'node:fs/promises'
import { detectOtherFormat } from '@mobileone/checkpoint'
import {
  isMobileOneError,
  type MobileOneConfig,
  type Model,
  reparameterizeAsync,
  resizedPreprocess,
  withCard,
  withInputs,
} from '@mobileone/core'
import type { CoreMLSource } from '@mobileone/coreml'
import { type FetchedWeights, parseFetched } from '@mobileone/hub'
import { type LoadOptions, loadDeployModel, loadModel } from '@mobileone/sdk'
import { UsageError } from './command.ts'
import { readCoreML } from './coreml.ts'
import { readStdin, stdinName } from './stdin.ts'

/** Weights by what reads them: a checkpoint is still where it was, the others are in memory. */
export type Weights =
  | { readonly kind: 'checkpoint'; readonly source: string | Uint8Array }
  | { readonly kind: 'onnx'; readonly model: Model }
  | { readonly kind: 'coreml'; readonly source: CoreMLSource }

/** The flags that say what a file does not, or what else to take from it. */
export interface ShapeFlags {
  readonly size?: string | undefined
  readonly 'input-channels'?: number | undefined
  readonly strides?: string | undefined
  readonly prefix?: string | undefined
}

export interface OpenOptions {
  /** Of `--size`, for ONNX files that leave height and width open. */
  readonly size?: string | undefined
  readonly sha256?: string | undefined
  readonly signal: AbortSignal
  /** Download or read what is no folder. */
  fetch(source: string | Uint8Array): Promise<FetchedWeights>
}

/**
 * What is at `source`: a path, a URL, a hub id, or `-` for standard input. Files that are here are told by their contents, others by
 * the ending of their name.
 */
export async function openWeights(source: string, options: OpenOptions): Promise<Weights> {
  if (source === stdinName) {
    const bytes = await readStdin('weights', options.signal)
    return openAs(formatOf(bytes), bytes, options)
  }
  const found = await stat(source).catch(() => undefined)
  if (found?.isDirectory()) {
    if (options.sha256 !== undefined) throw new UsageError(`--sha256 is of one file; ${source} is a folder`)
    const { readPackage } = await import('@mobileone/coreml/node')
    return { kind: 'coreml', source: await readPackage(source) }
  }
  const path = /^https?:/.test(source) && URL.canParse(source) ? new URL(source).pathname : source
  const byName = /\.onnx$/i.test(path)
    ? 'onnx'
    : /\.(mlpackage|mlpackage\.zip|mlmodel)$/i.test(path)
      ? 'coreml'
      : undefined
  return openAs(byName ?? (found?.isFile() ? formatOf(await readHead(source)) : undefined), source, options)
}

async function openAs(
  format: 'onnx' | 'coreml' | undefined,
  source: string | Uint8Array,
  { fetch, size }: OpenOptions,
): Promise<Weights> {
  if (format === undefined) return { kind: 'checkpoint', source }
  const fetched = await fetch(source)
  if (format === 'onnx') {
    return { kind: 'onnx', model: await parseFetched(fetched, await onnxReader(size)) }
  }
  const { describeCoreML } = await import('@mobileone/coreml')
  await parseFetched(fetched, describeCoreML)
  return { kind: 'coreml', source: fetched.bytes }
}

async function onnxReader(size: string | undefined): Promise<(bytes: Uint8Array) => Model> {
  const { fromOnnx } = await import('@mobileone/onnx')
  if (size !== undefined) return (bytes) => fromOnnx(bytes, { size: parseSize(size) })
  return (bytes) => {
    try {
      return fromOnnx(bytes)
    } catch (error) {
      if (!isMobileOneError(error) || error.code !== 'invalid-argument') throw error
      const [what] = error.message.split(';')
      throw new UsageError(`${what}; give the height and width that it leaves open with --size, as 224`, {
        cause: error,
      })
    }
  }
}

/** Where to look for the name of the first file of a zip. */
const headBytes = 1024

async function readHead(path: string): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(headBytes), 0, headBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function formatOf(bytes: Uint8Array): 'onnx' | 'coreml' | undefined {
  return detectOtherFormat(bytes.subarray(0, headBytes))
}

/** The model in `weights` as it is there; checkpoints alone have a train form. */
export async function readModel(weights: Weights, flags: ShapeFlags, options: LoadOptions): Promise<Model> {
  return read(weights, flags, (source, given) => loadModel(source, { ...options, ...given }))
}

/** {@link readModel}, folded; the folded form of downloads comes from the cache. */
export async function readDeployModel(
  weights: Weights,
  flags: ShapeFlags,
  options: LoadOptions,
): Promise<Model> {
  const model = await read(weights, flags, (source, given) =>
    loadDeployModel(source, { ...options, ...given }),
  )
  const { signal, onProgress } = options
  return reparameterizeAsync(model, { ...(signal && { signal }), ...(onProgress && { onProgress }) })
}

async function read(
  weights: Weights,
  flags: ShapeFlags,
  load: (source: string | Uint8Array, options: LoadOptions) => Promise<Model>,
): Promise<Model> {
  const size = flags.size === undefined ? undefined : parseSize(flags.size)
  const strides = flags.strides === undefined ? undefined : parseStrides(flags.strides)
  if (weights.kind !== 'checkpoint') {
    const flag = (['strides', 'prefix'] as const).find((name) => flags[name] !== undefined)
    if (flag)
      throw new UsageError(
        `--${flag} is for safetensors and PyTorch files; an ONNX or Core ML file is a whole network`,
      )
  }
  const model = await open()
  checkNetwork(model, flags, strides)
  return size === undefined ? model : withSize(model, size)

  async function open(): Promise<Model> {
    switch (weights.kind) {
      case 'checkpoint':
        return load(weights.source, {
          ...(strides && { strides }),
          ...(flags.prefix !== undefined && { prefix: flags.prefix }),
        })
      case 'onnx':
        return weights.model
      case 'coreml':
        return readCoreML(weights.source)
      default:
        return weights satisfies never
    }
  }
}

/** The strides and input channels of the flags fit the network that was read. */
function checkNetwork(
  model: Model,
  flags: ShapeFlags,
  strides: { readonly stages: readonly number[] } | undefined,
): void {
  const stages = model.config?.stages.length
  if (strides && stages !== undefined && strides.stages.length !== stages) {
    throw new UsageError(
      `--strides ${flags.strides} has ${strides.stages.length + 1} strides; "${model.name}" has a stem and ${stages} stages`,
    )
  }
  const wanted = flags['input-channels']
  const [, channels] = Object.values(model.inputs)[0]?.shape ?? []
  if (wanted !== undefined && wanted !== channels) {
    throw new UsageError(
      `--input-channels ${wanted} contradicts the weights: the input of "${model.name}" has ${channels} channels`,
    )
  }
}

/** `model` for inputs of another size, the rule for pictures with it, which shows as much around what is cut out. */
function withSize(model: Model, size: readonly [number, number]): Model {
  const [first] = Object.entries(model.inputs)
  if (!first) return model
  const [name, { shape }] = first
  const resized = withInputs(model, { [name]: [...shape.slice(0, -2), ...size] })
  const rule = model.card?.preprocess
  if (!rule) return resized
  return withCard(resized, { preprocess: resizedPreprocess(rule, size) })
}

/**
 * `config` for the input of the flags, where there are no weights yet.
 * @throws UsageError for flags that are for files.
 */
export function withShape(config: MobileOneConfig, flags: ShapeFlags): MobileOneConfig {
  const { channels, size } = config.input
  const { inputChannels = channels, size: wanted = size } = shapeOf(flags, config.name)
  return { ...config, input: { channels: inputChannels, size: wanted } }
}

/**
 * The input that the flags ask for of the network `name`, which is built.
 * @throws UsageError for flags that are for files.
 */
export function shapeOf(
  flags: ShapeFlags,
  name: string,
): { readonly inputChannels?: number; readonly size?: readonly [number, number] } {
  const flag = (['strides', 'prefix'] as const).find((each) => flags[each] !== undefined)
  if (flag) throw new UsageError(`--${flag} is for a file of weights; the variant ${name} has its own`)
  const channels = flags['input-channels']
  return {
    ...(channels !== undefined && { inputChannels: channels }),
    ...(flags.size !== undefined && { size: parseSize(flags.size) }),
  }
}

/** Larger than any picture a network is given. */
const longestSide = 8192

/** `96`, or `96x128`: height and width. */
function parseSize(text: string): readonly [number, number] {
  const [, height = '', width = height] = /^(\d+)(?:x(\d+))?$/i.exec(text) ?? []
  const size = [Number(height), Number(width)] as const
  if (height === '' || size.some((side) => side < 1 || side > longestSide)) {
    throw new UsageError(
      `--size is a side or height x width of 1 to ${longestSide}, as 96 or 96x128; got "${text}"`,
    )
  }
  return size
}

function parseStrides(text: string): { readonly stem: number; readonly stages: readonly number[] } {
  const [stem = 0, ...stages] = text.split(',').map(Number)
  if (
    stages.length === 0 ||
    [stem, ...stages].some((stride) => !Number.isInteger(stride) || stride < 1 || stride > 8)
  ) {
    throw new UsageError(
      `--strides are those of the stem and of each stage, as 2,2,2,2,2, each of 1 to 8; got "${text}"`,
    )
  }
  return { stem, stages }
}
