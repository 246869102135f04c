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
import { threadLimit } from './thread-pool.ts'

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

/** MobileOne's own backend: WebAssembly SIMD kernels, float32, within 2e-5 of the reference: another order of the same sums. */
export function wasm(options: WasmOptions = {}): Backend {
  return {
    specVersion: 1,
    name: 'wasm',
    tolerance: 2e-5,
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
  const threads = countThreads(options.threads)
  const { wasm, worker } = options
  return executorOf(
    model.inputs,
    await createRuntime(model, { ...compileOptions, wasm, worker, simd, threads }),
  )
}

/** Apart from {@link compile}, so that an executor holds the runtime alone, and nothing once it is disposed. */
function executorOf(inputs: Model['inputs'], started: Runtime): Executor {
  let runtime: Runtime | undefined = started
  return createExecutor({
    backend: 'wasm',
    inputs,
    outputs: Object.fromEntries(
      Object.entries(started.outputs).map(([name, { shape }]) => [name, spec(shape)]),
    ),
    memoryBytes: started.memoryBytes,
    steps: started.steps,
    execute: (tensors, signal) => runtime!.run(tensors, signal),
    profile: (tensors) => runtime!.profile(tensors).map((ms, step) => ({ step, ms })),
    async free() {
      await runtime!.end()
      runtime = undefined
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
