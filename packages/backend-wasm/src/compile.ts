import {
  type CompileOptions,
  MobileOneError,
  type Model,
  type Tensors,
  tensor,
  throwIfAborted,
} from '@mobileone/core'
import { STEP_WORDS } from './abi.ts'
import type { Simd } from './features.ts'
import { instantiate, loadModule, type WasmSource } from './load.ts'
import { pause } from './pause.ts'
import { type Plan, planModel } from './plan.ts'
import { type Assignment, createMember, MAX_SHARED_NODES } from './team.ts'
import { startCrew } from './threads.ts'

/** A model in memory, ready to run. It keeps neither the model nor its weights in their own layout. */
export interface Runtime extends Pick<Plan, 'steps' | 'inputs' | 'outputs'> {
  readonly memoryBytes: number
  run(inputs: Tensors, signal: AbortSignal | undefined): Promise<Tensors>
  /** Milliseconds of each step. */
  profile(inputs: Tensors): readonly number[]
  /** End the workers. */
  end(): Promise<void>
}

export interface RuntimeOptions extends CompileOptions {
  readonly wasm: WasmSource | undefined
  readonly simd: Simd
  readonly threads: number
  readonly worker: string | URL | undefined
}

/** Milliseconds of work after which the event loop may turn: progress is shown, an abort is heard. */
const PAUSE_INTERVAL = 8

/** Plan `model`, which has been validated, pack its weights, link the kernels, start the workers. */
export async function createRuntime(model: Model, options: RuntimeOptions): Promise<Runtime> {
  const { simd, signal, onProgress } = options
  const threads = model.nodes.length <= MAX_SHARED_NODES ? options.threads : 1
  const loading = loadModule(simd, options.wasm, threads > 1)
  loading.catch(() => {})
  const plan = planModel(model, threads)
  const memory = allocate(model.name, plan.end, threads > 1)
  const heap = new Float32Array(memory.buffer)
  plan.writeRecords(new Int32Array(memory.buffer))
  const total = plan.constants.length
  let turn = performance.now()
  for (const [done, constant] of plan.constants.entries()) {
    onProgress?.({ phase: 'pack weights', done, total })
    constant.write(heap)
    if (performance.now() - turn < PAUSE_INTERVAL) continue
    await pause()
    throwIfAborted(signal, 'compiling for wasm')
    turn = performance.now()
  }
  onProgress?.({ phase: 'pack weights', done: total, total })

  const module = await loading
  const { step } = await instantiate(module, memory)
  throwIfAborted(signal, 'compiling for wasm')
  const { records, units, scratch, scratchBytes } = plan
  const assign = (member: number): Assignment => ({
    ...{ module, memory, records, recordBytes: STEP_WORDS * 4, units, scratch, scratchBytes },
    ...{ member, members: threads },
  })
  const workers = Array.from({ length: threads - 1 }, (_, index) => assign(index + 1))
  const crew = await startCrew(workers, options.worker)
  const main = createMember(
    assign(0),
    step,
    typeof document === 'undefined',
    () => new MobileOneError('device-lost', 'wasm: a worker thread does not answer; compile the model again'),
  )

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
    ...{ steps, inputs: places, outputs: shown, memoryBytes: memory.buffer.byteLength },
    async run(inputs, signal) {
      writeInputs(inputs)
      main.begin()
      try {
        let turn = signal ? performance.now() : 0
        for (let i = 0; i < main.steps; i++) {
          main.run(i)
          if (signal && performance.now() - turn > PAUSE_INTERVAL) {
            await pause()
            throwIfAborted(signal, 'a run on wasm')
            turn = performance.now()
          }
        }
      } catch (error) {
        main.abort()
        throw error
      }
      return readOutputs()
    },
    profile(inputs) {
      writeInputs(inputs)
      main.begin()
      return steps.map((_, index) => {
        const start = performance.now()
        main.run(index)
        return performance.now() - start
      })
    },
    end() {
      main.end()
      return crew.dispose()
    },
  }
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
