import { wasm } from '@mobileone/backend-wasm'
import wasmWorker from '@mobileone/backend-wasm/worker?worker&url'
import {
  compareModels,
  hasInt8Weights,
  hasIntegerLayers,
  isMobileOneError,
  MobileOneError,
  type Model,
  type ModelCard,
  reparameterizeAsync,
  tensor,
} from '@mobileone/core'
import { quantize, toSafetensors } from '@mobileone/sdk'
import { type ExportFormat, exporters, exportModel } from '@mobileone/sdk/export'
import { expose } from 'comlink'
import {
  type Form,
  type FormatFacts,
  type FormFacts,
  type OpenedFacts,
  type OpenProgress,
  type QuantizedFacts,
  type QuantizeProgress,
  type Settled,
  type StudiedBlock,
  shortened,
  type TimedModel,
  titleOf,
  type WrittenFile,
} from '../views/checkpoint/checkpoint-facts.ts'
import {
  blockError,
  blockModel,
  costOf,
  type FoldError,
  findBlocks,
  foldStages,
} from '../views/checkpoint/fold-blocks.ts'
import { stepCosts, withTimes } from '../views/checkpoint/layer-costs.ts'
import { type ReadModel, readModel } from '../views/checkpoint/read-model.ts'

/** What a profile runs on. */
export interface ProfileOn {
  readonly backend: 'wasm' | 'webgpu'
  readonly threads: number
}

interface Held {
  readonly trained: Model
  readonly folded: Model
  /** Once it is made. */
  readonly int8?: Model
  readonly blocks: OpenedFacts['blocks']
}

let held: Held | undefined

const api = {
  open: (file: Blob, onProgress: (progress: OpenProgress) => void): Promise<Settled<OpenedFacts>> =>
    settled(() => open(file, throttled(onProgress))),
  /** Rewrite every block step by step, in order. */
  study: (onBlocks: (blocks: readonly StudiedBlock[]) => void): Promise<Settled<void>> =>
    settled(() => study(onBlocks)),
  compare: (): Promise<Settled<FoldError>> =>
    settled(async () => {
      const { trained, folded } = given()
      const { maxAbsError, maxAbsValue } = await compareModels(trained, folded, { backend: wasm(), runs: 2 })
      return { maxAbsError, maxAbsValue }
    }),
  profile: (on: ProfileOn, onProgress: (fraction: number) => void): Promise<Settled<TimedModel>> =>
    settled(() => time(given().folded, on, onProgress)),
  formats: (): Promise<Settled<FormatFacts[]>> => settled(formats),
  write: (
    format: string,
    form: Form,
    options: Readonly<Record<string, unknown>>,
  ): Promise<Settled<WrittenFile[]>> =>
    settled(async () => {
      const model = given()[form]
      if (!model) throw new MobileOneError('unavailable', 'the int8 form is not made yet')
      const files = await exportModel(model, format as ExportFormat, options as never)
      return files.map(({ path, bytes }) => ({ name: path, blob: toBlob(bytes) }))
    }),
  /** Make the int8 form of the folded model, with the steps of `photographs`; without any of weights alone. */
  quantize: (
    photographs: readonly Blob[],
    onProgress: (progress: QuantizeProgress) => void,
  ): Promise<Settled<QuantizedFacts>> => settled(() => makeInt8(photographs, onProgress)),
  /** The folded model as a file that every view reads. */
  foldedFile: (): Promise<Settled<Blob>> => settled(async () => toBlob(toSafetensors(given().folded))),
}
export type CheckpointApi = typeof api
expose(api)

function given(): Held {
  if (!held) throw new MobileOneError('unavailable', 'there is no model yet; open a file first')
  return held
}

async function settled<Value>(work: () => Promise<Value>): Promise<Settled<Value>> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    const code = isMobileOneError(error) ? error.code : error instanceof RangeError ? 'memory' : 'failed'
    return { ok: false, code, message: error instanceof Error ? error.message : String(error) }
  }
}

async function open(file: Blob, onProgress: (progress: OpenProgress) => void): Promise<OpenedFacts> {
  const bytes = await readFile(file, (fraction) => onProgress({ phase: 'read', fraction }))
  onProgress({ phase: 'parse', fraction: 0 })
  const read = await readModel(bytes)
  onProgress({ phase: 'fold', fraction: 0 })
  const start = performance.now()
  const { folded, remarks } = await fold(read.model, (fraction) => onProgress({ phase: 'fold', fraction }))
  const foldMs = performance.now() - start
  const trained = read.model
  const blocks = findBlocks(trained, folded)
  held = { trained, folded, blocks }
  return {
    ...factsOf(read),
    remarks: [...read.remarks, ...remarks].slice(0, 6).map((remark) => shortened(remark, 400)),
    trained: blocks.length > 0 ? formFacts(trained) : undefined,
    folded: formFacts(folded),
    foldMs,
    blocks,
  }
}

const pieceBytes = 4 << 20

async function readFile(file: Blob, onProgress: (fraction: number) => void): Promise<Uint8Array> {
  const bytes = new Uint8Array(file.size)
  try {
    for (let at = 0; at < file.size; at += pieceBytes) {
      bytes.set(new Uint8Array(await file.slice(at, at + pieceBytes).arrayBuffer()), at)
      onProgress(Math.min(1, (at + pieceBytes) / file.size))
    }
  } catch {
    throw new MobileOneError(
      'invalid-file',
      'the file cannot be read; it may have been moved or changed, or it is a folder: zip a folder .mlpackage first',
    )
  }
  return bytes
}

/** The plain network of `model`; where branches are no sums of convolutions, what can be folded, and why the rest is not. */
async function fold(
  model: Model,
  onFraction: (fraction: number) => void,
): Promise<{ readonly folded: Model; readonly remarks: readonly string[] }> {
  const onProgress = ({ done, total = 0 }: { done: number; total?: number | undefined }): void =>
    onFraction(total > 0 ? done / total : 0)
  try {
    return { folded: await reparameterizeAsync(model, { onProgress }), remarks: [] }
  } catch (error) {
    if (!isMobileOneError(error) || error.code !== 'cannot-fold') throw error
    return {
      folded: await reparameterizeAsync(model, { onProgress, partial: true }),
      remarks: [`Not all of it can be folded: ${error.message}`],
    }
  }
}

async function makeInt8(
  photographs: readonly Blob[],
  tell: (progress: QuantizeProgress) => void,
): Promise<QuantizedFacts> {
  const { folded } = given()
  const onProgress = throttled(tell)
  const { model, report } = await quantize(folded, {
    ...(photographs.length > 0 && { photographs }),
    onProgress: ({ phase, done, total }) => onProgress({ phase, fraction: total ? done / total : 0 }),
  })
  held = { ...given(), int8: model }
  const { layers, sqnrDb, agreement, compared, comparedOn } = report
  return {
    layersInIntegers: layers.filter(({ kind }) => kind === 'int8').length,
    sqnrDb,
    agreement,
    compared,
    comparedOn,
  }
}

function factsOf({
  model,
  format,
  isCheckpoint,
  facts,
}: ReadModel): Omit<OpenedFacts, 'remarks' | 'trained' | 'folded' | 'foldMs' | 'blocks'> {
  const values = (all: Model['inputs']): string =>
    Object.entries(all)
      .map(([name, { shape }]) => `${shape.join(' x ')} (${name})`)
      .join(', ')
  return {
    title: titleOf(model),
    name: shortened(model.name, 80),
    format,
    isCheckpoint,
    isInt8: hasInt8Weights(model),
    facts: [
      ...facts,
      ...(hasInt8Weights(model) ? [['Arithmetic', arithmeticOf(model)] as const] : []),
      ['Input', values(model.inputs)],
      ['Outputs', Object.keys(model.outputs).join(', ')],
    ].map(([name = '', value = '']) => [name, shortened(value)] as const),
    card: cardFacts(model.card ?? {}),
  }
}

function arithmeticOf(model: Model): string {
  if (!hasIntegerLayers(model)) return 'weights in int8, computed in float32'
  const layers = Object.values(model.weights).filter(
    (weight) => weight.dtype === 'int8' && weight.inputSteps,
  ).length
  return `int8: ${layers} layers are computed in integers`
}

function cardFacts({
  description,
  author,
  licence,
  source,
  labels,
  preprocess,
}: ModelCard): [string, string][] {
  const rounded = (values: readonly number[]): string =>
    values.map((value) => Number(value.toFixed(3))).join(', ')
  const known: [string, string | undefined][] = [
    ['Description', description],
    ['Author', author],
    ['Licence', licence],
    ['Source', source],
    ['Classes', labels && `${labels.length}: ${labels.slice(0, 12).join(', ')}`],
    [
      'Pictures',
      preprocess &&
        `${preprocess.size.join(' x ')} pixels out of ${preprocess.resize}, ${preprocess.interpolation}, mean ${rounded(preprocess.mean)}, deviation ${rounded(preprocess.std)}`,
    ],
  ]
  return known.flatMap(([name, value]) => (value ? [[name, shortened(value, 240)] as [string, string]] : []))
}

function formFacts(model: Model): FormFacts {
  const bytes = Object.values(model.weights).reduce((sum, { data }) => sum + data.byteLength, 0)
  return { ...costOf(model), bytes }
}

/** Tells of several blocks at once: the page draws each time. */
async function study(onBlocks: (blocks: readonly StudiedBlock[]) => void): Promise<void> {
  const { trained, folded, blocks } = given()
  const backend = wasm()
  let found: StudiedBlock[] = []
  let last = Number.NEGATIVE_INFINITY
  for (const { name } of blocks) {
    const block = blockModel(trained, folded, name)
    const stages = foldStages(block)
    const error = await blockError(block, await reparameterizeAsync(block, { partial: true }), backend)
    found.push({ stages, error })
    if (performance.now() - last < studyEveryMs) continue
    onBlocks(found)
    found = []
    last = performance.now()
  }
  if (found.length > 0) onBlocks(found)
}

const studyEveryMs = 300
const runs = 5

async function time(
  model: Model,
  { backend: name, threads }: ProfileOn,
  onProgress: (fraction: number) => void,
): Promise<TimedModel> {
  const backend =
    name === 'wasm'
      ? wasm({ threads, worker: new URL(wasmWorker, location.href).href })
      : (await import('@mobileone/backend-webgpu')).webgpu()
  const before = name === 'wasm' ? await peakOf() : undefined
  const executor = await backend.compile(model)
  try {
    if (!executor.profile) {
      throw new MobileOneError(
        'unsupported',
        `the backend ${name} cannot time its layers; choose another one`,
      )
    }
    const inputs = Object.fromEntries(
      Object.entries(executor.inputs).map(([input, { shape }]) => [input, tensor(shape)]),
    )
    const samples = executor.steps.map((): number[] => [])
    for (let run = 0; run <= runs; run++) {
      for (const { step, ms } of await executor.profile(inputs)) if (run > 0) samples[step]?.push(ms)
      onProgress((run + 1) / (runs + 1))
    }
    // What else the machine does changes in between; the higher of both is nearer to what it can do.
    const peak = before && Math.max(before, await peakOf())
    const steps = withTimes(stepCosts(model, executor.steps), samples)
    const features = executor.features ?? []
    const running = features.includes(`${threads} threads`) ? threads : 1
    return {
      backend: executor.backend,
      features,
      steps,
      ms: steps.reduce((sum, { ms }) => sum + ms, 0),
      peak: peak && peak * running,
    }
  } finally {
    await executor.dispose()
  }
}

/** Of one thread. */
async function peakOf(): Promise<number> {
  const { createPeakMeter } = await import('@mobileone/measure')
  const meter = await createPeakMeter()
  let best = 0
  for (let sample = 0; sample < 3; sample++) best = Math.max(best, await meter.measure(1))
  meter.dispose()
  return best
}

async function formats(): Promise<FormatFacts[]> {
  const found: FormatFacts[] = []
  for (const load of Object.values(exporters)) {
    const { format, endings, description, options } = await load()
    const shown = Object.entries(options).filter(([, { kind }]) => kind === 'choice' || kind === 'switch')
    found.push({
      format,
      ending: endings[0],
      description,
      options: shown.map(([name, option]) => ({ name, ...option })),
    })
  }
  return found
}

function toBlob(bytes: Uint8Array): Blob {
  return new Blob([bytes as Uint8Array<ArrayBuffer>])
}

const tellEveryMs = 40

/** Progress crosses to the page no oftener than it is drawn; a new phase does at once. */
function throttled<Progress extends { readonly phase: string }>(
  tell: (progress: Progress) => void,
): (progress: Progress) => void {
  let last = Number.NEGATIVE_INFINITY
  let phase: string | undefined
  return (progress) => {
    if (progress.phase === phase && performance.now() - last < tellEveryMs) return
    last = performance.now()
    phase = progress.phase
    tell(progress)
  }
}
