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

export interface WasmOptions {
  /** The kernels, where they shall not come out of this package's JavaScript: must be of the same build. */
  readonly wasm?: WasmSource
  /** Which build of the kernels. Default: `relaxed` (fused multiply-add) where the engine has it, else `plain`. */
  readonly simd?: Simd
  /** How many threads share the work of a run. Default 1. */
  readonly threads?: number
}

/** Milliseconds of work after which a run that can be aborted lets the event loop turn. */
const PAUSE_INTERVAL = 8

/** MobileOne's own backend: WebAssembly SIMD kernels, float32, in this thread. */
export function wasm(options: WasmOptions = {}): Backend {
  return {
    specVersion: 1,
    name: 'wasm',
    async probe() {
      const simd = await detectSimd()
      if (!simd) return { ok: false, reason: 'this engine has no WebAssembly SIMD (128-bit)' }
      return { ok: true, features: simd === 'relaxed' ? ['simd', 'relaxed-simd'] : ['simd'] }
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
  if ((options.threads ?? 1) !== 1) {
    throw new MobileOneError('unsupported', `wasm: threads must be 1, not ${options.threads}`)
  }
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

  const loading = loadModule(simd, options.wasm)
  loading.catch(() => {})
  const plan = planModel(model, 1)
  const memory = allocate(model, plan.end)
  const heap = new Float32Array(memory.buffer)
  plan.writeRecords(new Int32Array(memory.buffer))
  for (const [done, constant] of plan.constants.entries()) {
    throwIfAborted(signal, 'compiling for wasm')
    onProgress?.({ phase: 'pack weights', done, total: plan.constants.length })
    constant.write(heap)
  }
  onProgress?.({ phase: 'pack weights', done: plan.constants.length, total: plan.constants.length })
  const { step } = await instantiate(await loading, memory)
  throwIfAborted(signal, 'compiling for wasm')

  const { records, units, scratch } = plan
  const count = units.length
  const stride = STEP_WORDS * 4

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
      let turn = signal ? performance.now() : Number.POSITIVE_INFINITY
      for (let i = 0; i < count; i++) {
        step(records + i * stride, 0, units[i]!, scratch)
        if (signal && performance.now() - turn > PAUSE_INTERVAL) {
          await pause()
          throwIfAborted(signal, 'a run on wasm')
          turn = performance.now()
        }
      }
      return readOutputs()
    },
    profile(inputs) {
      writeInputs(inputs)
      return plan.steps.map((_, i) => {
        const start = performance.now()
        step(records + i * stride, 0, units[i]!, scratch)
        return { step: i, ms: performance.now() - start }
      })
    },
    free: () => {},
  })
}

const PAGE = 65536

function allocate(model: Model, bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE)
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages })
  } catch (cause) {
    throw new MobileOneError(
      'unavailable',
      `wasm: model "${model.name}" needs ${(bytes / 2 ** 20).toFixed(1)} MiB of memory, which this engine does not give ` +
        '(WebAssembly ends at 4096 MiB); use a smaller batch or input',
      { cause },
    )
  }
}
