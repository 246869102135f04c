import { loadavg } from 'node:os'
import { toSafetensors } from '@mobileone/checkpoint'
import type { OnProgress } from '@mobileone/core'
import {
  benchmark,
  type Lane,
  type Measured,
  type PeakLane,
  type Report,
  type Skipped,
  type Subject,
} from '@mobileone/measure'
import { describeMachine, subjectFiles } from '@mobileone/measure/node'
import { toOnnx } from '@mobileone/onnx'
import { toTflite } from '@mobileone/tflite'
import { type Entry, foreignInt8Lineup, gpuLineup, int8Lineup, lineup, type RuntimeName } from './lineup.ts'
import type { Options } from './options.ts'
import { packageVersion } from './paths.ts'
import { type NetworkSource, prepareNetwork } from './prepare-networks.ts'
import type { AdapterChoice } from './runtimes/adapter.ts'
import { type ChromiumRuntime, startChromium } from './runtimes/chromium.ts'
import { type EngineRuntime, startEngineRuntime } from './runtimes/engine.ts'
import { type NodeRuntime, startNode } from './runtimes/node.ts'

export interface RunOptions
  extends Pick<Options, 'contenders' | 'runtimes' | 'threads' | 'protocol'>,
    Partial<Pick<Options, 'int8Files'>> {
  /** Measure WebGPU in Chromium on such an adapter. */
  readonly adapter?: AdapterChoice | undefined
  /** The networks to measure, by name, made one at a time. */
  readonly models: readonly NetworkSource[]
  readonly onProgress?: OnProgress
  readonly onSkipped?: (skipped: Skipped) => void
  readonly signal?: AbortSignal
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
  extends Pick<RunOptions, 'contenders' | 'runtimes' | 'threads' | 'protocol' | 'adapter' | 'int8Files'> {
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
  const engines = new Map<RuntimeName, EngineRuntime>()
  const entries = entriesOf(options)
  try {
    onProgress?.({ phase: 'start the runtimes', done: 0 })
    const lanes: Lane[] = []
    const peaks: PeakLane[] = []
    for (const name of options.runtimes) {
      const start = async (): Promise<ChromiumRuntime | EngineRuntime | NodeRuntime> => {
        switch (name) {
          case 'chromium':
            return (chromium = await startChromium(files, threads, options.adapter))
          case 'firefox':
          case 'webkit': {
            const engine = await startEngineRuntime(name, files, threads)
            engines.set(name, engine)
            return engine
          }
          case 'node':
            return (node = await startNode(files, threads))
          default:
            return name satisfies never
        }
      }
      const started = await start()
      peaks.push(...started.peaks)
      for (const entry of entries.filter(({ runtimes }) => runtimes.includes(name))) {
        for (const count of threads) lanes.push(started.lane(entry, count))
      }
    }
    const measured = await measure({ lanes, peaks })
    const versions: Record<string, string> = {}
    if (chromium) versions.chromium = chromium.version
    for (const [name, { version }] of engines) versions[name] = version
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
    await Promise.all([...engines.values()].map((engine) => engine.close()))
    await node?.close()
    files.remove()
  }
}

function entriesOf({
  adapter,
  contenders,
  int8Files = {},
}: Pick<Places, 'adapter' | 'contenders' | 'int8Files'>): readonly Entry[] {
  if (adapter) return gpuLineup.filter(({ name }) => contenders.includes(name))
  const named = [...lineup, ...int8Lineup].filter(({ name }) => contenders.includes(name))
  return [...named, ...foreignInt8Lineup(int8Files)]
}

async function* subjects(options: RunOptions): AsyncGenerator<Subject> {
  const { onProgress, signal } = options
  const int8 = entriesOf(options).some(({ form }) => form === 'int8')
  for (const source of options.models) yield await prepareNetwork(source, { int8, onProgress, signal })
}
