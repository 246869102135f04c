import {
  type CompileOptions,
  createPacer,
  type ExpectedModel,
  MobileOneError,
  type Model,
  type Tensors,
  tensor,
  throwIfAborted,
} from '@mobileone/core'
import { STEP_WORDS } from './abi.ts'
import { tuningOf } from './choose.ts'
import { MAX_SHARED_STEPS } from './chunk-scheduler.ts'
import type { Simd } from './detect-simd.ts'
import type { PlanInt8 } from './int8-layers.ts'
import { instantiate, loadModule, type WasmSource } from './load.ts'
import { type Plan, planModel } from './plan.ts'
import type { WasmPrecision } from './precision.ts'
import { startRunner } from './runner.ts'
import type { ThreadPlan } from './thread-count.ts'
import type { WorkerAddress } from './thread-pool.ts'

/** A model in memory, ready to run. It keeps neither the model nor its weights in their own layout. */
export interface Runtime extends Pick<Plan, 'steps' | 'inputs' | 'outputs' | 'precision' | 'features'> {
  readonly memoryBytes: number
  /** How many threads share a run, in words. */
  readonly threads: string
  run(inputs: Tensors, signal: AbortSignal | undefined): Promise<Tensors>
  /** Milliseconds of each step. */
  profile(inputs: Tensors): Promise<readonly number[]>
  /** End the workers. */
  end(): Promise<void>
}

export interface RuntimeOptions extends CompileOptions {
  readonly wasm: WasmSource | undefined
  readonly simd: Simd
  readonly precision: WasmPrecision | undefined
  /** Another choice than that of this machine for layers in int8, to test it. */
  readonly planInt8?: PlanInt8
  readonly threads: ThreadPlan
  readonly worker: WorkerAddress | undefined
}

/** A plan without what writes it: data, which another thread can be sent. */
export type Layout = Omit<Plan, 'constants' | 'writeRecords'>

/** Packed weights, with one of the places for what a run changes. */
export interface Packed {
  readonly layout: Layout
  /** Bytes from the first of these places to this one. */
  readonly shift: number
  readonly memory: WebAssembly.Memory
  readonly module: WebAssembly.Module | Promise<WebAssembly.Module>
  readonly threads: ThreadPlan
}

/** Plan `model`, which has been validated, pack its weights, link the kernels, start the workers. */
export async function createRuntime(model: Model, options: RuntimeOptions): Promise<Runtime> {
  const { simd, precision } = options
  const shared = options.threads.threads > 1
  const module = loadModule(simd, options.wasm, shared)
  module.catch(() => {})
  const plan = await planModel(
    model,
    options.threads.threads,
    tuningOf(simd),
    options.planInt8 ?? (await int8For(model, simd, precision, module, shared)),
  )
  const memory = allocate(model.name, plan.end, shared)
  plan.writeRecords(new Int32Array(memory.buffer), 0)
  await writeConstants(plan, [memory], options)
  const threads = threadsFor(plan, options.threads)
  return startRuntime({ layout: plan, shift: 0, memory, module, threads }, options)
}

/** `wanted`, or one thread for a program that is too long for several. */
export function threadsFor({ units }: Pick<Plan, 'units'>, wanted: ThreadPlan): ThreadPlan {
  return units.length <= MAX_SHARED_STEPS ? wanted : oneThread
}

/** What plans layers with int8 weights, where `model` has such. */
export async function int8For(
  model: Model | ExpectedModel,
  simd: Simd,
  precision: WasmPrecision | undefined,
  module: Promise<WebAssembly.Module>,
  shared: boolean,
): Promise<PlanInt8 | undefined> {
  if ('weights' in model && Object.values(model.weights).every(({ dtype }) => dtype !== 'int8'))
    return undefined
  return (await import('./int8.ts')).chooseInt8(
    model,
    simd,
    precision,
    async (memory) => instantiate(await module, memory),
    shared,
  )
}

/** Pack the weights into fresh memories of the plan. */
export async function writeConstants(
  { constants }: Plan,
  memories: readonly WebAssembly.Memory[],
  { signal, onProgress }: CompileOptions,
): Promise<void> {
  const heaps = memories.map(({ buffer }) => new Float32Array(buffer))
  const total = constants.length
  const pace = createPacer(signal, 'compiling for wasm')
  for (const [done, constant] of constants.entries()) {
    onProgress?.({ phase: 'pack', done, total })
    for (const heap of heaps) constant.write(heap)
    await pace()
  }
  onProgress?.({ phase: 'pack', done: total, total })
}

/** Link the kernels to packed weights, start the workers. */
export async function startRuntime(
  { layout, shift, memory, threads, ...packed }: Packed,
  { worker, signal, onProgress }: Pick<RuntimeOptions, 'worker' | 'signal' | 'onProgress'>,
): Promise<Runtime> {
  onProgress?.({ phase: 'compile', done: 0, total: 1 })
  const module = await packed.module
  const { step } = await instantiate(module, memory)
  onProgress?.({ phase: 'compile', done: 1, total: 1 })
  throwIfAborted(signal, 'compiling for wasm')
  const heap = new Float32Array(memory.buffer)
  const { units, scratchBytes } = layout
  const { runner, text } = await startRunner({
    plan: threads,
    init: {
      module,
      memory,
      control: layout.control + shift,
      records: layout.records + shift,
      recordBytes: STEP_WORDS * 4,
      units,
      scratch: layout.scratch + shift,
      scratchBytes,
    },
    step,
    worker,
    signal,
  })

  const { steps, inputs: places, outputs: shown } = layout
  const writeInputs = (inputs: Tensors): void => {
    for (const name in places) heap.set(inputs[name]!.data, (places[name]! + shift) / 4)
  }
  const readOutputs = (): Tensors =>
    Object.fromEntries(
      Object.entries(shown).map(([name, { offset, shape }]) => {
        const result = tensor(shape)
        const start = (offset + shift) / 4
        result.data.set(heap.subarray(start, start + result.data.length))
        return [name, result]
      }),
    )

  return {
    steps,
    inputs: places,
    outputs: shown,
    precision: layout.precision,
    features: layout.features,
    memoryBytes: pagesOf(layout.end) * PAGE,
    threads: text,
    async run(inputs, signal) {
      writeInputs(inputs)
      await runner.run(signal)
      return readOutputs()
    },
    profile(inputs) {
      writeInputs(inputs)
      return runner.profile()
    },
    end: () => runner.end(),
  }
}

const oneThread: ThreadPlan = {
  threads: 1,
  measure: false,
  text: `1 thread: the model has more than ${MAX_SHARED_STEPS} steps`,
}

const PAGE = 65536

function pagesOf(bytes: number): number {
  return Math.ceil(bytes / PAGE)
}

/** @throws MobileOneError `unavailable` where the engine does not give that much. */
export function allocate(name: string, bytes: number, shared: boolean): WebAssembly.Memory {
  const pages = pagesOf(bytes)
  const isTooMuch = pages * PAGE > 2 ** 32
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared })
  } catch (cause) {
    throw new MobileOneError(
      'unavailable',
      `wasm: model "${name}" needs ${(bytes / 2 ** 20).toFixed(1)} MiB of memory, ` +
        `${isTooMuch ? 'more than the 4096 MiB of WebAssembly' : 'which this engine does not give'}; use a smaller batch or input`,
      { cause },
    )
  }
}
