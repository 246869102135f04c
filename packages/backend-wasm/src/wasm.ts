import {
  type Backend,
  type CompileOptions,
  type Executor,
  type ExpectedModel,
  type MobileOneError,
  type Model,
  throwIfAborted,
  validate,
} from '@mobileone/core'
import { chooseSimd, detectSimd, type Simd, simdFeatures } from './detect-simd.ts'
import { executorOf } from './executor.ts'
import { loadModule, type WasmSource } from './load.ts'
import { checkPrecision, type WasmPrecision } from './precision.ts'
import { createRuntime, int8For } from './runtime.ts'
import { planThreads, type ThreadCount } from './thread-count.ts'
import type { WorkerAddress } from './thread-pool.ts'

/** How the WebAssembly backend loads its kernels and how many threads it takes; all of it may be left out. */
export interface WasmOptions {
  /** The kernels, where they shall not come out of this package's JavaScript: must be of the same build. */
  readonly wasm?: WasmSource
  /**
   * Which build of the kernels. Default: `relaxed` (fused multiply-add) where the engine has it, else `plain`. `wide` comes as `wasm`, out of
   * `@mobileone/backend-wasm/wide`.
   */
  readonly simd?: Simd
  /**
   * How many threads share the work of a run, the calling one included. More than the machine runs at a time are refused; where
   * memory cannot be shared it is one. `auto` compares one with up to four when a model is compiled and keeps the faster, one
   * where workers do not start. `probe` and the executor's `features` say what it comes to. Default 1.
   */
  readonly threads?: ThreadCount
  /**
   * What layers that the model asks to compute in int8 (`integerWeight`) are computed in: `int8`, with the bits of `reference()` for what
   * they read, or `float32`, in which their weights stand for float32 elements. Default: int8, unless float32 is faster on this machine,
   * which the first such model finds in some 20 ms. The executor's `precision` says what it came to. Models that do not ask are float32.
   */
  readonly precision?: WasmPrecision
  /**
   * Browsers: the address of dist/worker.mjs, for pages whose Content-Security-Policy forbids `worker-src blob:`; a
   * `TrustedScriptURL` where it requires Trusted Types.
   */
  readonly worker?: WorkerAddress
}

/**
 * MobileOne's own backend: WebAssembly SIMD kernels, float32, within 2e-5 of the reference: another order of the same sums; and int8 where
 * the model asks for it.
 */
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
    preload: (model) => void preload(model, options).catch(() => {}),
    unsupported: () => [],
    compile: (model, compileOptions = {}) => compile(model, options, compileOptions),
  }
}

/** Compile the kernels, unless they come from elsewhere, and find the fastest for a model in int8. */
async function preload(
  model: Model | ExpectedModel | undefined,
  { wasm, simd: wanted, ...options }: WasmOptions,
): Promise<void> {
  if (wasm !== undefined) return
  const simd = await chooseSimd(wanted, wasm)
  const shared = planThreads(options.threads).threads > 1
  const module = loadModule(simd, undefined, shared)
  if (model) await int8For(model, simd, options.precision, module, shared)
  else await module
}

async function compile(
  model: Model,
  options: WasmOptions,
  compileOptions: CompileOptions,
): Promise<Executor> {
  throwIfAborted(compileOptions.signal, 'compiling for wasm')
  validate(model)
  const simd = await chooseSimd(options.simd, options.wasm)
  const threads = planThreads(options.threads)
  const { wasm, worker, precision } = options
  checkPrecision(precision)
  return executorOf(
    model.inputs,
    await createRuntime(model, { ...compileOptions, wasm, worker, simd, threads, precision }),
    simd,
  )
}
