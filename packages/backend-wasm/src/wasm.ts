import {
  type Backend,
  type CompileOptions,
  createExecutor,
  type Executor,
  MobileOneError,
  type Model,
  spec,
  type Tensors,
  tensor,
  throwIfAborted,
  validate,
} from '@mobileone/core'
import { STEP_WORDS } from './abi.ts'
import { detectSimd, type Simd } from './features.ts'
import { instantiate, loadModule, type WasmSource } from './load.ts'
import { pause } from './pause.ts'
import { planModel } from './plan.ts'
import { type Assignment, createMember, MAX_SHARED_NODES } from './team.ts'
import { startCrew, threadLimit } from './threads.ts'

export interface WasmOptions {
  /** The kernels, where they shall not come out of this package's JavaScript: must be of the same build. */
  readonly wasm?: WasmSource
  /** Which build of the kernels. Default: `relaxed` (fused multiply-add) where the engine has it, else `plain`. */
  readonly simd?: Simd
  /**
   * How many threads share the work of a run, the calling one included; no more are used than the machine runs at a time,
   * and one where memory cannot be shared (`probe` says so). Default 1.
   */
  readonly threads?: number
  /** Browsers: the address of dist/worker.mjs, for pages whose Content-Security-Policy forbids `worker-src blob:`. */
  readonly worker?: string | URL
}

/** Milliseconds of work after which a run that can be aborted lets the event loop turn. */
const PAUSE_INTERVAL = 8

/** MobileOne's own backend: WebAssembly SIMD kernels, float32. */
export function wasm(options: WasmOptions = {}): Backend {
  return {
    specVersion: 1,
    name: 'wasm',
    async probe() {
      const simd = await detectSimd()
      if (!simd) return { ok: false, reason: 'this engine has no WebAssembly SIMD (128-bit)' }
      const sets = simd === 'relaxed' ? ['simd', 'relaxed-simd'] : ['simd']
      return { ok: true, features: [...sets, threadLimit().reason] }
    },
    unsupported: () => [],
    compile: (model, compileOptions = {}) => compile(model, options, compileOptions),
  }
}

async function compile(
  model: Model,
  options: WasmOptions,
  { signal, onProgress }: CompileOptions,
): Promise<Executor> {
  throwIfAborted(signal, 'compiling for wasm')
  validate(model)
  const detected = await detectSimd()
  const simd = options.simd ?? detected
  if (!simd || !detected || (simd === 'relaxed' && detected === 'plain')) {
    throw new MobileOneError(
      'unavailable',
      detected
        ? "wasm: this engine has no relaxed SIMD; use simd: 'plain' or leave the option out"
        : 'wasm: this engine has no WebAssembly SIMD (128-bit)',
    )
  }

  const wanted = countThreads(options.threads)
  const threads = model.nodes.length <= MAX_SHARED_NODES ? wanted : 1
  const loading = loadModule(simd, options.wasm, threads > 1)
  loading.catch(() => {})
  const plan = planModel(model, threads)
  const memory = allocate(model, plan.end, threads > 1)
  const heap = new Float32Array(memory.buffer)
  plan.writeRecords(new Int32Array(memory.buffer))
  for (const [done, constant] of plan.constants.entries()) {
    throwIfAborted(signal, 'compiling for wasm')
    onProgress?.({ phase: 'pack weights', done, total: plan.constants.length })
    constant.write(heap)
  }
  onProgress?.({ phase: 'pack weights', done: plan.constants.length, total: plan.constants.length })
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

  const writeInputs = (inputs: Tensors): void => {
    for (const name in plan.inputs) heap.set(inputs[name]!.data, plan.inputs[name]! / 4)
  }
  const readOutputs = (): Tensors =>
    Object.fromEntries(
      Object.entries(plan.outputs).map(([name, { offset, shape }]) => {
        const result = tensor(shape)
        result.data.set(heap.subarray(offset / 4, offset / 4 + result.data.length))
        return [name, result]
      }),
    )

  return createExecutor({
    backend: 'wasm',
    inputs: model.inputs,
    outputs: Object.fromEntries(Object.entries(plan.outputs).map(([name, { shape }]) => [name, spec(shape)])),
    memoryBytes: memory.buffer.byteLength,
    steps: plan.steps,
    async execute(inputs, signal) {
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
      return plan.steps.map((_, step) => {
        const start = performance.now()
        main.run(step)
        return { step, ms: performance.now() - start }
      })
    },
    free() {
      main.end()
      return crew.dispose()
    },
  })
}

/** @throws MobileOneError `invalid-argument` for anything but a whole number of at least 1. */
function countThreads(wanted = 1): number {
  if (!Number.isSafeInteger(wanted) || wanted < 1) {
    throw new MobileOneError(
      'invalid-argument',
      `wasm: threads must be a whole number of at least 1, not ${wanted}`,
    )
  }
  return Math.min(wanted, threadLimit().threads)
}

const PAGE = 65536

function allocate(model: Model, bytes: number, shared: boolean): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE)
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared })
  } catch (cause) {
    throw new MobileOneError(
      'unavailable',
      `wasm: model "${model.name}" needs ${(bytes / 2 ** 20).toFixed(1)} MiB of memory, which this engine does not give ` +
        '(WebAssembly ends at 4096 MiB); use a smaller batch or input',
      { cause },
    )
  }
}
