import { loadavg } from 'node:os'
import { toSafetensors } from '@mobileone/checkpoint'
import { type Model, type OnProgress, variants } from '@mobileone/core'
import {
  benchmark,
  type Lane,
  type Measured,
  type PeakLane,
  prepareSubject,
  type Report,
  randomDeployModel,
  type Skipped,
  type Subject,
} from '@mobileone/measure'
import { describeMachine, subjectFiles } from '@mobileone/measure/node'
import { toOnnx } from '@mobileone/onnx'
import { toTflite } from '@mobileone/tflite'
import { gpuLineup, lineup } from './lineup.ts'
import type { Options } from './options.ts'
import { packageVersion } from './paths.ts'
import type { AdapterChoice } from './runtimes/adapter.ts'
import { type ChromiumRuntime, startChromium } from './runtimes/chromium.ts'
import { type NodeRuntime, startNode } from './runtimes/node.ts'

export interface RunOptions extends Pick<Options, 'contenders' | 'runtimes' | 'threads' | 'protocol'> {
  /** Measure WebGPU in Chromium on such an adapter. */
  readonly adapter?: AdapterChoice | undefined
  /** The networks to measure, by name, made one at a time. */
  readonly models: readonly { readonly variant: string; make(): Model | Promise<Model> }[]
  readonly onProgress?: OnProgress
  readonly onSkipped?: (skipped: Skipped) => void
  readonly signal?: AbortSignal
}

/** The models `--variants` and no `--weights` ask for. */
export function variantModels(names: Options['variants']): RunOptions['models'] {
  return names.map((variant) => ({ variant, make: () => randomDeployModel(variants[variant]) }))
}

/** Measure everything asked for. Pages and processes it started are gone when it settles. */
export function run(options: RunOptions): Promise<Report> {
  const { onProgress, onSkipped, signal, protocol } = options
  return inRuntimes(options, ({ lanes, peaks }) =>
    benchmark({ subjects: subjects(options), lanes, peaks, protocol, onProgress, onSkipped, signal }),
  )
}

/** Who runs where. */
export interface Places
  extends Pick<RunOptions, 'contenders' | 'runtimes' | 'threads' | 'protocol' | 'adapter'> {
  readonly onProgress?: OnProgress
}

/**
 * What `measure` measures with the contenders in their runtimes, as a report. Pages, processes and files that were made for it are gone when
 * it settles.
 */
export async function inRuntimes<M extends Measured>(
  { onProgress, protocol, threads, ...options }: Places,
  measure: (ready: { readonly lanes: readonly Lane[]; readonly peaks: readonly PeakLane[] }) => Promise<M>,
): Promise<Report & M> {
  const before = loadavg()
  const date = new Date().toISOString()
  const files = subjectFiles({
    model: toSafetensors,
    safetensors: toSafetensors,
    onnx: toOnnx,
    tflite: toTflite,
  })
  let chromium: ChromiumRuntime | undefined
  let node: NodeRuntime | undefined
  const entries = (options.adapter ? gpuLineup : lineup).filter(({ name }) =>
    options.contenders.includes(name),
  )
  try {
    onProgress?.({ phase: 'start the runtimes', done: 0 })
    const lanes: Lane[] = []
    const peaks: PeakLane[] = []
    for (const name of options.runtimes) {
      const started =
        name === 'chromium'
          ? (chromium = await startChromium(files, threads, options.adapter))
          : (node = await startNode(files, threads))
      peaks.push(...started.peaks)
      for (const entry of entries.filter(({ runtimes }) => runtimes.includes(name))) {
        for (const count of threads) lanes.push(started.lane(entry, count))
      }
    }
    const measured = await measure({ lanes, peaks })
    const versions: Record<string, string> = {}
    if (chromium) versions.chromium = chromium.version
    if (node) Object.assign(versions, { node: node.version, v8: node.v8 })
    for (const entry of entries) {
      if (lanes.some(({ contender }) => contender === entry.name))
        versions[entry.package] = packageVersion(entry.package)
    }
    return {
      date,
      machine: describeMachine(before),
      versions,
      protocol,
      peakGflops: measured.peaks[0]?.gflops ?? 0,
      ...measured,
    }
  } finally {
    await chromium?.close()
    await node?.close()
    files.remove()
  }
}

async function* subjects({ models, onProgress, signal }: RunOptions): AsyncGenerator<Subject> {
  for (const { variant, make } of models) {
    onProgress?.({ phase: `${variant}: reference`, done: 0 })
    yield await prepareSubject(variant, await make(), signal)
  }
}
