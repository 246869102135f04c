import {
  type Backend,
  type CompileOptions,
  createExecutor,
  type Executor,
  MobileOneError,
  type Model,
  spec,
  throwIfAborted,
  validate,
} from '@mobileone/core'
import { detectSimd, type Simd } from './detect-simd.ts'
import type { WasmSource } from './load.ts'
import { createRuntime, type Runtime } from './runtime.ts'
import { planThreads, type ThreadCount } from './thread-count.ts'
import type { WorkerAddress } from './thread-pool.ts'

/** How the WebAssembly backend loads its kernels and how many threads it takes; all of it may be left out. */
export interface WasmOptions {
  /** The kernels, where they shall not come out of this package's JavaScript: must be of the same build. */
  readonly wasm?: WasmSource
  /** Which build of the kernels. Default: `relaxed` (fused multiply-add) where the engine has it, else `plain`. */
  readonly simd?: Simd
  /**
   * How many threads share the work of a run, the calling one included. More than the machine runs at a time are refused; where
   * memory cannot be shared it is one. `auto` compares one with up to four when a model is compiled and keeps the faster, one
   * where workers do not start. `probe` and the executor's `features` say what it comes to. Default 1.
   */
  readonly threads?: ThreadCount
  /**
   * Browsers: the address of dist/worker.mjs, for pages whose Content-Security-Policy forbids `worker-src blob:`; a
   * `TrustedScriptURL` where it requires Trusted Types.
   */
  readonly worker?: WorkerAddress
}

/** MobileOne's own backend: WebAssembly SIMD kernels, float32, within 2e-5 of the reference: another order of the same sums. */
export function wasm(options: WasmOptions = {}): Backend {
  return {
    specVersion: 1,
    name: 'wasm',
    tolerance: 2e-5,
    async probe() {
      const simd = await detectSimd()
      if (!simd) return { ok: false, reason: 'this engine has no WebAssembly SIMD (128-bit)' }
      try {
        return { ok: true, features: [...simdFeatures(simd), planThreads(options.threads).text] }
      } catch (error) {
        // An option that is wrong everywhere is for `compile` to throw: it must not pass for a refusal.
        const { code, message } = error as MobileOneError
        if (code !== 'unavailable') return { ok: true, features: simdFeatures(simd) }
        return { ok: false, reason: message.replace(/^wasm: /, '') }
      }
    },
    unsupported: () => [],
    compile: (model, compileOptions = {}) => compile(model, options, compileOptions),
  }
}

function simdFeatures(simd: Simd): string[] {
  return simd === 'relaxed' ? ['simd', 'relaxed-simd'] : ['simd']
}

async function compile(
  model: Model,
  options: WasmOptions,
  compileOptions: CompileOptions,
): Promise<Executor> {
  throwIfAborted(compileOptions.signal, 'compiling for wasm')
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
  const threads = planThreads(options.threads)
  const { wasm, worker } = options
  return executorOf(
    model.inputs,
    await createRuntime(model, { ...compileOptions, wasm, worker, simd, threads }),
    simdFeatures(simd),
  )
}

/** Apart from {@link compile}, so that an executor holds the runtime alone, and nothing once it is disposed. */
function executorOf(inputs: Model['inputs'], started: Runtime, simd: readonly string[]): Executor {
  let runtime: Runtime | undefined = started
  return createExecutor({
    backend: 'wasm',
    inputs,
    outputs: Object.fromEntries(
      Object.entries(started.outputs).map(([name, { shape }]) => [name, spec(shape)]),
    ),
    memoryBytes: started.memoryBytes,
    steps: started.steps,
    features: [...simd, started.threads],
    execute: (tensors, signal) => runtime!.run(tensors, signal),
    profile: async (tensors) => (await runtime!.profile(tensors)).map((ms, step) => ({ step, ms })),
    async free() {
      await runtime!.end()
      runtime = undefined
    },
  })
}
