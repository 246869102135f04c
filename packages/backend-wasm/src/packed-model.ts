/** Weights packed once into shared memory, for executors on several threads. It is not responsible for who takes which instance. */
import {
  type CompileOptions,
  type Executor,
  MobileOneError,
  type Model,
  throwIfAborted,
  validate,
} from '@mobileone/core'
import { CONTROL_BYTES } from './abi.ts'
import { tuningOf } from './choose.ts'
import { chooseSimd, type Simd } from './detect-simd.ts'
import { executorOf } from './executor.ts'
import { loadModule } from './load.ts'
import { planModel } from './plan.ts'
import { checkPrecision } from './precision.ts'
import { allocate, int8For, type Layout, startRuntime, threadsFor, writeConstants } from './runtime.ts'
import { mayShareMemory, planThreads, type ThreadPlan } from './thread-count.ts'
import type { WasmOptions } from './wasm.ts'

/** What {@link packModel} takes: the kernels and threads of {@link wasm}, and how many executors there will be. */
export interface PackOptions extends CompileOptions, Omit<WasmOptions, 'worker'> {
  /** Executors that there can be at a time. */
  readonly instances: number
}

/**
 * A model compiled as far as threads can share it: plain data that `postMessage` sends to the threads of one process or page, which
 * read the same memory.
 */
export interface PackedModel {
  readonly instances: number
  /** All shared memory: the packed weights once, or once a GiB, and the feature maps of every instance. */
  readonly memoryBytes: number
}

/** What the receiving thread finds in it. */
interface Parts extends PackedModel, Spread {
  readonly inputs: Model['inputs']
  readonly layout: Layout
  readonly simd: Simd
  readonly threads: ThreadPlan
  readonly module: WebAssembly.Module
  readonly memories: readonly WebAssembly.Memory[]
}

/** Instances by memory: an engine gives no memory of any size. */
interface Spread {
  readonly instancesPerMemory: number
  /** Bytes of each memory. */
  readonly memorySizes: readonly number[]
}

const MEMORY_LIMIT = 2 ** 30

/**
 * Pack the weights of `model` into shared memory, with room for the feature maps of `instances` executors that {@link openPacked}
 * makes, on this thread or others. They give the bits that {@link wasm} gives.
 * @throws MobileOneError `invalid-model`; `invalid-argument` for a number of instances or threads that is none; `unavailable` where
 * memory cannot be shared or there is not enough; `aborted`.
 */
export async function packModel(model: Model, options: PackOptions): Promise<PackedModel> {
  const { instances, signal, precision } = options
  checkPrecision(precision)
  if (!(Number.isInteger(instances) && instances >= 1)) {
    throw new MobileOneError(
      'invalid-argument',
      `wasm: instances must be a whole number of at least 1, not ${instances}`,
    )
  }
  if (!mayShareMemory()) {
    throw new MobileOneError(
      'unavailable',
      'wasm: a model is packed for several threads where memory can be shared, which a page must be cross-origin isolated for; use wasm()',
    )
  }
  throwIfAborted(signal, 'compiling for wasm')
  validate(model)
  const simd = await chooseSimd(options.simd, options.wasm)
  const wanted = planThreads(options.threads)
  const loading = loadModule(simd, options.wasm, true)
  loading.catch(() => {})
  const plan = await planModel(
    model,
    wanted.threads,
    tuningOf(simd),
    await int8For(model, simd, precision, loading, true),
  )
  const { constants: _, writeRecords, ...layout } = plan
  const spread = spreadInstances(instances, layout)
  const memories = spread.memorySizes.map((bytes) => allocate(model.name, bytes, true))
  for (let instance = 0; instance < instances; instance++) {
    const { memory, shift } = placeOf(instance, layout, spread.instancesPerMemory)
    writeRecords(new Int32Array(memories[memory]!.buffer), shift)
  }
  await writeConstants(plan, memories, options)
  const packed: Parts = {
    instances,
    memoryBytes: memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
    inputs: model.inputs,
    layout,
    simd,
    threads: threadsFor(plan, wanted),
    module: await loading,
    memories,
    ...spread,
  }
  return packed
}

/**
 * The executor `instance`, counted from 0, of a packed model. Only one may live in an instance at a time: where its thread ended,
 * another can be opened in its place.
 * @throws MobileOneError `invalid-argument` for an instance that there is not; `unavailable` where a worker does not start;
 * `aborted`.
 */
export async function openPacked(
  packed: PackedModel,
  instance: number,
  options: CompileOptions & Pick<WasmOptions, 'worker'> = {},
): Promise<Executor> {
  const { instances, inputs, layout, simd, threads, module, memories, instancesPerMemory } = packed as Parts
  if (!(Number.isInteger(instance) && instance >= 0 && instance < instances)) {
    throw new MobileOneError(
      'invalid-argument',
      `wasm: instance must be one of the ${instances} packed for, 0 to ${instances - 1}, not ${instance}`,
    )
  }
  const place = placeOf(instance, layout, instancesPerMemory)
  const memory = memories[place.memory]!
  // Of a thread that ended in a run.
  new Uint8Array(memory.buffer, layout.control + place.shift, CONTROL_BYTES).fill(0)
  const parts = { layout, shift: place.shift, memory, module, threads }
  return executorOf(inputs, await startRuntime(parts, { worker: options.worker, ...options }), simd)
}

type Ends = Pick<Layout, 'control' | 'end'>

/** As many instances a memory as `limit` bytes hold, at least one. */
export function spreadInstances(
  instances: number,
  { control, end }: Ends,
  limit: number = MEMORY_LIMIT,
): Spread {
  const instancesPerMemory = Math.min(instances, Math.max(1, Math.floor((limit - control) / (end - control))))
  const memorySizes: number[] = []
  for (let left = instances; left > 0; left -= instancesPerMemory) {
    memorySizes.push(control + Math.min(left, instancesPerMemory) * (end - control))
  }
  return { instancesPerMemory, memorySizes }
}

function placeOf(
  instance: number,
  { control, end }: Ends,
  instancesPerMemory: number,
): { readonly memory: number; readonly shift: number } {
  const memory = Math.floor(instance / instancesPerMemory)
  return { memory, shift: (instance - memory * instancesPerMemory) * (end - control) }
}
