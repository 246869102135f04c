import { wasm } from '@mobileone/backend-wasm'
import {
  detectOtherFormat,
  inspectCheckpoint,
  modelFromCheckpoint,
  readCheckpointAsync,
} from '@mobileone/checkpoint'
import {
  classCount,
  compareModels,
  elementCount,
  isMobileOneError,
  MobileOneError,
  type Model,
  profile,
  reparameterizeAsync,
  weightRoles,
} from '@mobileone/core'
import { createPeakMeter } from '@mobileone/measure'
import { createClassifier, toSafetensors } from '@mobileone/sdk'
import { type ExportFormat, exporters, exportModel } from '@mobileone/sdk/export'
import { expose, transfer } from 'comlink'
import type {
  CheckpointFacts,
  ExportChoice,
  Failure,
  FoldError,
  LayerProfileFacts,
  LayerRow,
} from '../views/checkpoint/checkpoint-facts.ts'
import { findBlocks } from '../views/checkpoint/find-blocks.ts'

/** Twice the file of S4 in train form, and room. */
const mostBytes = 256_000_000

interface Opened {
  readonly trained: Model
  readonly folded: Model
}
let opened: Opened | undefined

/** What a call gives: its value, or why there is none. */
export type Answer<Value> = { readonly value: Value } | { readonly failure: Failure }

async function answer<Value>(work: () => Promise<Value>): Promise<Answer<Value>> {
  try {
    return { value: await work() }
  } catch (error) {
    const code = isMobileOneError(error) ? error.code : 'unknown'
    return { failure: { code, message: (error as Error).message } }
  }
}

const api = {
  open: (file: Blob, fileName: string, onProgress: (phase: string, fraction: number) => void) =>
    answer(() => open(file, fileName, onProgress)),
  compare: () => answer(compare),
  profile: () => answer(profileLayers),
  formats: () => answer(formats),
  export: (format: string, options: Readonly<Record<string, unknown>>) =>
    answer(async () => {
      const { folded } = current()
      const files = await exportModel(folded, format as ExportFormat, options)
      const copies = files.map(({ path, bytes }) => ({ path, bytes: bytes.slice() }))
      return transfer(
        copies,
        copies.map(({ bytes }) => bytes.buffer),
      )
    }),
  /** A file of safetensors that every view can load. */
  folded: () =>
    answer(async () => {
      const bytes = toSafetensors(current().folded, { storage: 'float32' }).slice()
      return transfer(bytes, [bytes.buffer])
    }),
}
export type CheckpointApi = typeof api
expose(api)

function current(): Opened {
  if (!opened) throw new MobileOneError('invalid-argument', 'no checkpoint is open')
  return opened
}

async function open(
  file: Blob,
  fileName: string,
  onProgress: (phase: string, fraction: number) => void,
): Promise<CheckpointFacts> {
  if (file.size > mostBytes) {
    throw new MobileOneError(
      'invalid-file',
      `the file has ${Math.round(file.size / 1e6)} MB; this page reads up to ${mostBytes / 1e6} MB. The command line reads larger ones`,
    )
  }
  onProgress('read', 0)
  const bytes = new Uint8Array(await file.arrayBuffer())
  onProgress('read', 1)
  const { model: trained, ...about } = await read(bytes)
  const start = performance.now()
  const folded = await reparameterizeAsync(trained, {
    onProgress: ({ done, total }) => onProgress('fold', total ? done / total : 0),
  })
  const foldMs = performance.now() - start
  opened = { trained, folded }
  const [before, after] = [profile(trained), profile(folded)]
  const isTrained = trained.nodes.some(({ op }) => op === 'batchNorm')
  return {
    fileName,
    bytes: file.size,
    ...about,
    name: trained.name,
    form: isTrained ? 'train' : 'deploy',
    input: Object.values(trained.inputs)[0]?.shape ?? [],
    classes: classCount(trained),
    labels: (trained.card?.labels ?? []).slice(0, 12).map((label) => label.slice(0, 40)),
    licence: typeof trained.card?.licence === 'string' ? trained.card.licence.slice(0, 200) : undefined,
    nodes: [trained.nodes.length, folded.nodes.length],
    params: [before.params, after.params],
    macs: [before.macs, after.macs],
    blocks: findBlocks(trained, folded),
    foldMs,
  }
}

type About = Pick<CheckpointFacts, 'format' | 'naming' | 'tensors' | 'remarks'> & { readonly model: Model }

async function read(bytes: Uint8Array): Promise<About> {
  switch (detectOtherFormat(bytes.subarray(0, 1024))) {
    case 'onnx': {
      const { fromOnnx } = await import('@mobileone/onnx')
      return { format: 'ONNX', naming: undefined, tensors: undefined, remarks: [], model: fromOnnx(bytes) }
    }
    case 'coreml': {
      const { describeCoreML, fromCoreML } = await import('@mobileone/coreml')
      const { kind } = describeCoreML(bytes)
      const model =
        kind === 'ML program'
          ? fromCoreML(bytes)
          : (await import('@mobileone/coreml/mlmodel')).fromMLModel(bytes)
      return { format: `Core ML, ${kind}`, naming: undefined, tensors: undefined, remarks: [], model }
    }
    default: {
      const checkpoint = await readCheckpointAsync(bytes)
      const remarks: string[] = [...checkpoint.notes]
      const model = modelFromCheckpoint(checkpoint, { onWarning: (warning) => remarks.push(warning) })
      return {
        format: formatNames[checkpoint.format],
        naming: namingOf(checkpoint),
        tensors: checkpoint.tensors.size,
        remarks: remarks.slice(0, 8).map((remark) => remark.slice(0, 300)),
        model,
      }
    }
  }
}

const formatNames = {
  safetensors: 'safetensors',
  'pytorch-zip': 'PyTorch',
  'pytorch-legacy': 'PyTorch, before 1.6',
} as const

/** Undefined for a file that holds its own graph, whose names are those of no other program. */
function namingOf(checkpoint: Parameters<typeof inspectCheckpoint>[0]): string | undefined {
  try {
    return inspectCheckpoint(checkpoint).naming
  } catch {
    return undefined
  }
}

async function compare(): Promise<FoldError> {
  const { trained, folded } = current()
  const { maxAbsError, maxAbsValue, runs } = await compareModels(trained, folded, {
    backend: wasm(),
    runs: 2,
  })
  return { maxAbsError, maxAbsValue, runs }
}

async function profileLayers(): Promise<LayerProfileFacts> {
  const { folded } = current()
  const meter = await createPeakMeter()
  const peak = Math.max(await meter.measure(1), await meter.measure(1))
  meter.dispose()
  const classifier = await createClassifier({ model: folded, backend: 'wasm' })
  try {
    const { ms, layers } = await classifier.profile({ runs: 9 })
    const costs = new Map(profile(folded).layers.map((layer) => [layer.node, layer]))
    const nodes = new Map(folded.nodes.map((node) => [node.name, node]))
    const rows = layers.map(({ node, kernel, ms: own, share }): LayerRow => {
      const cost = costs.get(node)
      const weights = nodes.get(node)
      const elements = weights
        ? weightRoles(weights).reduce(
            (total, [, name]) => total + elementCount(folded.weights[name]?.shape ?? []),
            0,
          )
        : 0
      const macs = cost?.macs ?? 0
      const gflops = own > 0 ? (2 * macs) / (own * 1e6) : 0
      const traffic = 4 * (elements + elementCount(cost?.outputShape ?? []))
      return { node, kernel, ms: own, share, macs, gflops, peakShare: peak > 0 ? gflops / peak : 0, traffic }
    })
    return { backend: classifier.backend, ms, peakGflops: peak, rows }
  } finally {
    await classifier.dispose()
  }
}

async function formats(): Promise<ExportChoice[]> {
  const all = await Promise.all(Object.values(exporters).map((load) => load()))
  return all.map(({ format, endings, description, options }) => ({
    format,
    endings,
    description,
    options: Object.entries(options).flatMap(([name, option]) =>
      option.kind === 'switch' || option.kind === 'choice'
        ? [
            {
              name,
              description: option.description,
              choices: option.kind === 'choice' ? option.choices : undefined,
              default: option.kind === 'choice' ? option.default : undefined,
            },
          ]
        : [],
    ),
  }))
}
