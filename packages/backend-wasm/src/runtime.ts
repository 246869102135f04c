import {
  type CompileOptions,
  createPacer,
  MobileOneError,
  type Model,
  type Tensors,
  tensor,
  throwIfAborted,
} from '@mobileone/core'
import { STEP_WORDS } from './abi.ts'
import { tuningOf } from './choose.ts'
import { MAX_SHARED_NODES } from './chunk-scheduler.ts'
import type { Simd } from './detect-simd.ts'
import { instantiate, loadModule, type WasmSource } from './load.ts'
import { type Plan, planModel } from './plan.ts'
import { startRunner } from './runner.ts'
import type { ThreadPlan } from './thread-count.ts'
import type { WorkerAddress } from './thread-pool.ts'

/** A model in memory, ready to run. It keeps neither the model nor its weights in their own layout. */
export interface Runtime extends Pick<Plan, 'steps' | 'inputs' | 'outputs'> {
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
  readonly threads: ThreadPlan
  readonly worker: WorkerAddress | undefined
}

/** Plan `model`, which has been validated, pack its weights, link the kernels, start the workers. */
export async function createRuntime(model: Model, options: RuntimeOptions): Promise<Runtime> {
  const { simd, signal, onProgress } = options
  const threadPlan = model.nodes.length <= MAX_SHARED_NODES ? options.threads : oneThread
  const { threads } = threadPlan
  const loading = loadModule(simd, options.wasm, threads > 1)
  loading.catch(() => {})
  const plan = planModel(model, threads, tuningOf(simd))
  const memory = allocate(model.name, plan.end, threads > 1)
  const heap = new Float32Array(memory.buffer)
  plan.writeRecords(new Int32Array(memory.buffer))
  const total = plan.constants.length
  const pace = createPacer(signal, 'compiling for wasm')
  for (const [done, constant] of plan.constants.entries()) {
    onProgress?.({ phase: 'pack', done, total })
    constant.write(heap)
    await pace()
  }
  onProgress?.({ phase: 'pack', done: total, total })

  onProgress?.({ phase: 'compile', done: 0, total: 1 })
  const module = await loading
  const { step } = await instantiate(module, memory)
  onProgress?.({ phase: 'compile', done: 1, total: 1 })
  throwIfAborted(signal, 'compiling for wasm')
  const { records, units, scratch, scratchBytes } = plan
  const { runner, text } = await startRunner({
    plan: threadPlan,
    init: { module, memory, records, recordBytes: STEP_WORDS * 4, units, scratch, scratchBytes },
    step,
    worker: options.worker,
    signal,
  })

  const { steps, inputs: places, outputs: shown } = plan
  const writeInputs = (inputs: Tensors): void => {
    for (const name in places) heap.set(inputs[name]!.data, places[name]! / 4)
  }
  const readOutputs = (): Tensors =>
    Object.fromEntries(
      Object.entries(shown).map(([name, { offset, shape }]) => {
        const result = tensor(shape)
        result.data.set(heap.subarray(offset / 4, offset / 4 + result.data.length))
        return [name, result]
      }),
    )

  return {
    steps,
    inputs: places,
    outputs: shown,
    memoryBytes: memory.buffer.byteLength,
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
  text: `1 thread: the model has more than ${MAX_SHARED_NODES} nodes`,
}

const PAGE = 65536

function allocate(name: string, bytes: number, shared: boolean): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE)
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared })
  } catch (cause) {
    throw new MobileOneError(
      'unavailable',
      `wasm: model "${name}" needs ${(bytes / 2 ** 20).toFixed(1)} MiB of memory, which this engine does not give ` +
        '(WebAssembly ends at 4096 MiB); use a smaller batch or input',
      { cause },
    )
  }
}
