/** The page one contender has to itself. The command line drives it through the browser, the benchmark page as a frame. */
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import {
  countGpu,
  createPeakMeter,
  type Finish,
  type GpuCounter,
  type Layout,
  localHost,
  type MemoryProbe,
  type ModelFormat,
  type ModelSource,
  type Start,
  type Turn,
} from '@mobileone/measure'
import { wasmBytes } from './wasm-memory.ts'

export interface PageJob {
  readonly contender: string
  readonly threads: number
  /** The model itself, or the address of its file; a `model` comes as safetensors and is read before the clock starts. */
  readonly source: ModelSource | string
  readonly format: ModelFormat
  /** float32, NCHW, or the address of that. */
  readonly input: Float32Array | string
  readonly inputShape: readonly number[]
  readonly layout: Layout
  /** Count what the contender asks of WebGPU. */
  readonly gpu?: boolean
}

export interface Harness {
  open(job: PageJob): Promise<void>
  start(): Promise<Start>
  turn(turn: Turn): Promise<readonly number[]>
  finish(): Promise<Finish>
  close(): Promise<void>
  /** GFLOP/s of this browser now. */
  peak(threads: number): Promise<{ readonly gflops: number; readonly instruction: string }>
  /** Bytes fetched by this page itself, without its workers. */
  fetched(): number
}

declare global {
  interface Window {
    harness?: Harness
  }
}

const wasmMemory: MemoryProbe = {
  kind: 'linear memories of WebAssembly, shared by all threads',
  bytes: wasmBytes,
}
let host: ReturnType<typeof localHost> | undefined
let peak: ReturnType<typeof createPeakMeter> | undefined
const opened = (): ReturnType<typeof localHost> => {
  if (!host) throw new Error('open a job first')
  return host
}

window.harness = {
  async open(job) {
    const source = typeof job.source === 'string' ? await fetchSource(job.source, job.format) : job.source
    const input = typeof job.input === 'string' ? new Float32Array(await fetchBytes(job.input)) : job.input
    const gpu = job.gpu ? countGpu() : undefined
    host = localHost({
      threads: job.threads,
      assets: new URL('./vendor/', location.href).href,
      inputShape: job.inputShape,
      layout: job.layout,
      source,
      input,
      contender: () =>
        import(/* @vite-ignore */ new URL(`./contenders/${job.contender}.mjs`, location.href).href),
      memory: gpu ? gpuMemory(gpu) : wasmMemory,
      gpu,
    })
  },
  start: () => opened().start(),
  turn: (turn) => opened().turn(turn),
  finish: () => opened().finish(),
  async close() {
    await host?.close()
    if (peak) (await peak).dispose()
  },
  async peak(threads) {
    peak ??= createPeakMeter()
    const meter = await peak
    return { gflops: await meter.measure(threads), instruction: meter.instruction }
  },
  fetched() {
    const entries = performance.getEntriesByType('resource') as PerformanceResourceTiming[]
    return entries
      .filter(({ name }) => /\/(contenders|vendor)\//.test(name))
      .reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)
  },
}

function gpuMemory(gpu: GpuCounter): MemoryProbe {
  return {
    kind: 'buffers of the GPU that were made and not destroyed, and linear memories of WebAssembly',
    bytes: () => gpu.counts().bufferBytes + wasmBytes(),
  }
}

async function fetchBytes(address: string): Promise<ArrayBuffer> {
  const response = await fetch(address)
  if (!response.ok) throw new Error(`${address} answered ${response.status}`)
  return response.arrayBuffer()
}

async function fetchSource(address: string, format: ModelFormat): Promise<ModelSource> {
  const bytes = new Uint8Array(await fetchBytes(address))
  return format === 'model' ? modelFromCheckpoint(readCheckpoint(bytes)) : bytes
}
