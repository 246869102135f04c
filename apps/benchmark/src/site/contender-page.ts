/**
 * The page one contender has to itself. The command line drives it through the browser, or where that has no driver by the answers to
 * what the page asks (`?asked`); the benchmark page drives it as a frame.
 */
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
  /** Addresses of photographs, as that of the input. */
  readonly photographs?: readonly string[]
  /** Count what the contender asks of WebGPU. */
  readonly gpu?: boolean
}

export interface Harness {
  open(job: PageJob): Promise<void>
  start(): Promise<Start>
  turn(turn: Turn): Promise<readonly number[]>
  finish(): Promise<Finish>
  /** The class that the photograph at that place is given. */
  classify(photograph: number): Promise<number>
  close(): Promise<void>
  /** GFLOP/s of this browser now. */
  peak(threads: number): Promise<{ readonly gflops: number; readonly instruction: string }>
  /** What the engine gives this page. */
  describe(): Promise<{ readonly isShared: boolean; readonly userAgent: string }>
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

const harness: Harness = {
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
      photograph: async (index) => new Float32Array(await fetchBytes(job.photographs?.[index] ?? '')),
      contender: () =>
        import(/* @vite-ignore */ new URL(`./contenders/${job.contender}.mjs`, location.href).href),
      memory: gpu ? gpuMemory(gpu) : wasmMemory,
      gpu,
    })
  },
  start: () => opened().start(),
  turn: (turn) => opened().turn(turn),
  finish: () => opened().finish(),
  classify: async (photograph) => {
    const host = opened()
    if (!host.classify) throw new Error('this host classifies no photographs')
    return host.classify(photograph)
  },
  async close() {
    await host?.close()
    if (peak) (await peak).dispose()
  },
  async peak(threads) {
    peak ??= createPeakMeter()
    const meter = await peak
    return { gflops: await meter.measure(threads), instruction: meter.instruction }
  },
  async describe() {
    return { isShared: typeof SharedArrayBuffer === 'function', userAgent: navigator.userAgent }
  },
  fetched() {
    const entries = performance.getEntriesByType('resource') as PerformanceResourceTiming[]
    return entries
      .filter(({ name }) => /\/(contenders|vendor)\//.test(name))
      .reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)
  },
}

window.harness = harness
if (location.search === '?asked') void answerCalls()

/** Ask the server what to call, and tell it what came of that, for ever. */
async function answerCalls(): Promise<never> {
  const methods = harness as unknown as Readonly<
    Record<string, (...args: readonly unknown[]) => Promise<unknown>>
  >
  let answer: { readonly value?: unknown; readonly error?: string } = {}
  for (;;) {
    const response = await fetch('./calls', { method: 'POST', body: JSON.stringify(answer) })
    const { name, args } = (await response.json()) as { name: string; args: readonly unknown[] }
    try {
      answer = { value: await methods[name]?.(...args) }
    } catch (error) {
      answer = { error: error instanceof Error ? error.message : String(error) }
    }
  }
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
