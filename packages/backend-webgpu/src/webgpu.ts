import {
  type Backend,
  type CompileOptions,
  checkInputs,
  createExecutor,
  type Executor,
  type Framing,
  MobileOneError,
  type Model,
  type Preprocess,
  type ProbeResult,
  type RunOptions,
  refuseTokenNodes,
  spec,
  type Tensors,
  throwIfAborted,
  tokenNodes,
  validate,
} from '@mobileone/core'
import { checkFraming } from '@mobileone/core/framing'
import {
  type DeviceOptions,
  DeviceSource,
  type Held,
  missingPrecision,
  parallelismOf,
  workgroupOf,
} from './device.ts'
import { type GpuImageSource, imageInputOf } from './image.ts'
import { planModel } from './plan.ts'
import type { Plan } from './plan-builder.ts'
import { type GpuOutput, Session } from './session.ts'

/** What `webgpu` takes; all of it may be left out. */
export type WebGpuOptions = DeviceOptions

/** A model compiled for WebGPU. */
export interface WebGpuExecutor extends Executor {
  /**
   * Run on an image, canvas or video frame that stays on the GPU: framed, resized and normalised there by `rule` and the options, for a
   * model whose only input is [1, C, ...rule.size], C the length of `rule.mean` (3 for RGB, 1 for grey). A run queues like any
   * other. Values differ from those of Pillow's 8 bits by less than 1.5 steps of 255.
   * @throws MobileOneError `invalid-argument` where rule and model do not fit, `invalid-input` for an image without pixels, one that
   * the device does not take, or a region outside of it.
   */
  runImage(source: GpuImageSource, rule: Preprocess, options?: RunOptions & Framing): Promise<Tensors>
  /**
   * Run and leave the outputs on the GPU, for work of your own on the same `device`. Resolves when the run has been submitted,
   * not when it is done: what you submit afterwards sees the outputs. They are overwritten by the next run.
   */
  runOnGpu(inputs: Tensors, options?: RunOptions): Promise<Readonly<Record<string, GpuOutput>>>
}

/** The backend that `webgpu` makes: its executors also run on images and leave outputs on the GPU. */
export interface WebGpuBackend extends Backend {
  compile(model: Model, options?: CompileOptions): Promise<WebGpuExecutor>
}

/** MobileOne's own WebGPU backend: one dispatch a step, float32 unless `precision` says otherwise. */
export function webgpu(options: WebGpuOptions = {}): WebGpuBackend {
  const source = new DeviceSource(options)
  return {
    specVersion: 1,
    name: 'webgpu',
    nan: 'unspecified',
    ...(options.precision === 'f16-storage' && { precision: 'float16', tolerance: 5e-2 }),
    probe: () => probe(source, options),
    unsupported: tokenNodes,
    compile: (model, compileOptions = {}) => compile(model, source, options, compileOptions),
  }
}

async function probe(source: DeviceSource, { device, precision }: WebGpuOptions): Promise<ProbeResult> {
  try {
    const adapter = device ?? (await source.adapter())
    if (typeof adapter === 'string') return { ok: false, reason: adapter }
    const problem = missingPrecision(precision, adapter.features)
    if (problem) return { ok: false, reason: problem }
    const info = 'adapterInfo' in adapter ? adapter.adapterInfo : adapter.info
    const words = [info?.vendor, info?.architecture, info?.device, info?.description]
      .filter(Boolean)
      .join(' ')
    return { ok: true, features: [`adapter: ${words || 'unnamed'}`, ...[...adapter.features].sort()] }
  } catch (error) {
    return { ok: false, reason: `WebGPU failed: ${String(error)}` }
  }
}

/** What a model occupies on one device. */
interface Live {
  readonly held: Held
  readonly session: Session
  readonly plan: Plan
}

async function compile(
  model: Model,
  source: DeviceSource,
  options: WebGpuOptions,
  { signal, onProgress }: CompileOptions,
): Promise<WebGpuExecutor> {
  throwIfAborted(signal, 'compiling for webgpu')
  validate(model)
  refuseTokenNodes(model, 'webgpu', 'use another backend')
  const start = async (first: CompileOptions = {}): Promise<Live> => {
    const held = await source.acquire()
    try {
      throwIfAborted(first.signal, 'compiling for webgpu')
      const plan = planModel(model, {
        precision: options.precision === 'f16-storage' ? 'f16' : 'f32',
        workgroup: workgroupOf(held.device, 64),
        largestWorkgroup: workgroupOf(held.device, 256),
        parallelism: parallelismOf(held.device),
      })
      const session = await Session.create(held.device, plan, first.onProgress, first.signal)
      return { held, session, plan }
    } catch (error) {
      held.release()
      throw error
    }
  }

  let live: Live | undefined = await start({ ...(signal && { signal }), ...(onProgress && { onProgress }) })
  const { plan } = live
  const memoryBytes = live.session.bytes
  const stop = (): void => {
    live?.session.free()
    live?.held.release()
    live = undefined
  }
  const onDevice = async <T>(work: (session: Session) => T | Promise<T>): Promise<T> => {
    if (live?.held.lost !== undefined) {
      if (!live.held.owned) throw lostError(live.held.lost, 'compile the model again on a new device')
      stop()
    }
    live ??= await start()
    const { held, session } = live
    try {
      return await work(session)
    } catch (cause) {
      await Promise.race([held.device.lost, new Promise((resolve) => setTimeout(resolve, LOSS_NOTICE))])
      if (held.lost === undefined) throw cause
      const remedy = held.owned
        ? 'the next run compiles on a new one'
        : 'compile the model again on a new device'
      throw lostError(held.lost, remedy, cause)
    }
  }

  // A submission cannot be called back: an aborted run rejects at once, and the next one waits for the GPU.
  let submitted: Promise<unknown> = Promise.resolve()
  const submit = async <T>(
    signal: AbortSignal | undefined,
    work: (session: Session) => T | Promise<T>,
  ): Promise<T> => {
    await submitted
    throwIfAborted(signal, 'a run on webgpu')
    const running = onDevice(work)
    submitted = running.catch(() => {})
    const result = await (signal ? untilAborted(running, signal) : running)
    throwIfAborted(signal, 'a run on webgpu')
    return result as T
  }
  return createExecutor(
    {
      backend: 'webgpu',
      inputs: model.inputs,
      outputs: Object.fromEntries(
        Object.entries(plan.outputs).map(([name, { shape }]) => [name, spec(shape)]),
      ),
      memoryBytes,
      steps: plan.dispatches.map(({ node, kernel }) => ({ node, kernel: kernel.name })),
      execute: (inputs, signal) => submit(signal, (session) => session.run(inputs)),
      async profile(inputs) {
        await submitted
        return onDevice((session) => session.profile(inputs))
      },
      async free() {
        await submitted
        stop()
      },
    },
    (queue) => ({
      async runImage(source: GpuImageSource, rule: Preprocess, options: RunOptions & Framing = {}) {
        imageInputOf(model, rule)
        checkFraming(options)
        const { signal, ...framing } = options
        return queue(signal, () => {
          imageInputOf(model, rule)
          return submit(signal, (session) => session.runImage({ source, rule, framing }))
        })
      },
      async runOnGpu(given: Tensors, { signal }: RunOptions = {}) {
        checkInputs('webgpu', model.inputs, given)
        const inputs = { ...given }
        return queue(signal, () => {
          // The caller may have transferred, resized or changed what was fine when it asked.
          checkInputs('webgpu', model.inputs, inputs)
          return submit(signal, (session) => session.runOnGpu(inputs))
        })
      },
    }),
  )
}

/** What `running` gives, or nothing as soon as `signal` is aborted. */
async function untilAborted<T>(running: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  let stop = (): void => {}
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined)
    signal.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([running, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Milliseconds within which a device that failed a run says that it is lost. */
const LOSS_NOTICE = 100

function lostError(reason: string, remedy: string, cause?: unknown): MobileOneError {
  return new MobileOneError('device-lost', `webgpu: the GPU device was lost (${reason}); ${remedy}`, {
    cause,
  })
}
