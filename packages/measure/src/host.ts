/**
 * One contender with one model in its own surroundings (a page, a process), driven from outside turn by turn. A host
 * times; it is not responsible for the order of turns or for judging what it measured.
 */
import { type ExecutorPrecision, MobileOneError } from '@mobileone/core'
import type { Contender, ContenderOptions, CreateContender, Layout, ModelSource } from './contender.ts'
import { type GpuCounter, type GpuUse, gpuTally } from './gpu-counter.ts'
import { toChannelsLast } from './layout.ts'

/** Milliseconds from nothing to the first result, and that result. */
export interface Start {
  /** Import the runtime and start it. */
  readonly loadMs: number
  /** From the model's bytes to something that runs. */
  readonly compileMs: number
  readonly firstMs: number
  readonly output: readonly number[]
  /** Kernels of a run, where the contender tells. */
  readonly steps?: number
  /** What it computes in, where the contender tells. */
  readonly precision?: ExecutorPrecision
}

/** One turn of a contender in a round. */
export interface Turn {
  /** Runs whose time is thrown away. */
  readonly settle: number
  /** Runs that are timed. */
  readonly runs: number
  /** Load the model anew before the turn. */
  readonly recreate: boolean
}

/** What a contender ended with. */
export interface Finish {
  /** What the last run gave. */
  readonly output: readonly number[]
  readonly memory: Memory
  /** What the timed runs asked of the GPU, where that was counted. */
  readonly gpu?: GpuUse
}

/** What a contender holds. */
export interface Memory {
  /** Null where the runtime does not tell. */
  readonly bytes: number | null
  /** How it was measured, in words. */
  readonly kind: string
}

/** Where a contender lives: this thread, a page, a process. Calls come in the order start, turns, finish, close. */
export interface Host {
  start(): Promise<Start>
  /** Milliseconds of each timed run. */
  turn(turn: Turn): Promise<readonly number[]>
  finish(): Promise<Finish>
  /**
   * The class that the photograph at that place of the subject is given; after `finish`.
   * @throws MobileOneError `invalid-argument` where the host has no photographs.
   */
  classify?(photograph: number): Promise<number>
  /** Give everything back. Never rejects. */
  close(): Promise<void>
}

/** A way of measuring memory, and its name in reports. */
export interface MemoryProbe {
  readonly kind: string
  /** Bytes in use now, or the most so far. */
  bytes(): Promise<number | null> | number | null
}

/** What a host on the calling thread is made with. */
export interface LocalHostOptions extends ContenderOptions {
  /** Import the contender's file; its time counts as load. */
  readonly contender: () => Promise<{ readonly create: CreateContender }>
  readonly source: ModelSource
  /** NCHW. */
  readonly input: Float32Array
  readonly layout: Layout
  /** The photograph at that place, as the network takes it (NCHW). */
  readonly photograph?: ((index: number) => Promise<Float32Array>) | undefined
  /** Default: what the contender says it holds. */
  readonly memory?: MemoryProbe | undefined
  /** Counts what the contender asks of WebGPU. */
  readonly gpu?: GpuCounter | undefined
}

/** A host in this very page or process. */
export function localHost(options: LocalHostOptions): Host {
  const inLayout = (input: Float32Array): Float32Array =>
    options.layout === 'NHWC' ? toChannelsLast(input, options.inputShape) : input
  const input = inLayout(options.input)
  const { gpu } = options
  const tally = gpu && gpuTally(gpu)
  let contender: Contender | undefined
  let last: Float32Array | undefined
  const started = (): Contender => {
    if (!contender) throw new MobileOneError('invalid-argument', 'start the host first')
    return contender
  }
  const held = async (probe: MemoryProbe | undefined): Promise<Memory> => {
    if (probe) return { bytes: await probe.bytes(), kind: probe.kind }
    return { bytes: contender?.memoryBytes ?? null, kind: 'what the contender says it holds' }
  }
  return {
    async start() {
      const begin = performance.now()
      const { create } = await options.contender()
      contender = await create(options)
      const loaded = performance.now()
      await contender.load(options.source)
      const compiled = performance.now()
      last = await contender.run(input)
      const end = performance.now()
      return {
        loadMs: loaded - begin,
        compileMs: compiled - loaded,
        firstMs: end - compiled,
        output: Array.from(last),
        ...(contender.steps !== undefined && { steps: contender.steps }),
        ...(contender.precision !== undefined && { precision: contender.precision }),
      }
    },
    async turn({ settle, runs, recreate }) {
      const current = started()
      if (recreate) await current.load(options.source)
      for (let run = 0; run < settle; run++) last = await current.run(input)
      const times: number[] = []
      const before = gpu?.counts()
      for (let run = 0; run < runs; run++) {
        const begin = performance.now()
        last = await current.run(input)
        times.push(performance.now() - begin)
      }
      if (before) tally?.add(before, runs)
      return times
    },
    async finish() {
      return {
        output: Array.from(last ?? []),
        memory: await held(options.memory),
        ...(tally && { gpu: tally.use() }),
      }
    },
    async classify(index) {
      if (!options.photograph) throw new MobileOneError('invalid-argument', 'the host has no photographs')
      const logits = await started().run(inLayout(await options.photograph(index)))
      return logits.indexOf(logits.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY))
    },
    async close() {
      await contender?.dispose().catch(() => {})
      contender = undefined
    },
  }
}
