import {
  type Backend,
  type CompileOptions,
  createExecutor,
  type Executor,
  elementCount,
  inferShapes,
  type LibrarySource,
  type Model,
  profile,
  spec,
  type Tensor,
  type Tensors,
  tensor,
  throwIfAborted,
  validate,
} from '@mobileone/core'
import type * as tf from '@tensorflow/tfjs-core'
import { loadLibrary, selectBackend, type Tfjs, translate } from './library.ts'
import { isUnsupported, toNchw, toNhwc } from './operation.ts'
import { buildProgram, type Program } from './program.ts'
import { refuseUnsupported } from './to-tfjs.ts'

/** A backend of TensorFlow.js. `@tensorflow/tfjs` brings `cpu` and `webgl`; the others are packages to import beside it. */
export type TfjsBackendName = 'cpu' | 'wasm' | 'webgl' | 'webgpu'

/** Which TensorFlow.js `tfjs` runs models on, and on which of its backends. */
export interface TfjsOptions {
  /** `@tensorflow/tfjs-core` with a backend imported beside it, or `@tensorflow/tfjs`: the module, or a function that imports it. */
  readonly lib: LibrarySource<Tfjs>
  /**
   * The backend of TensorFlow.js. The library has one current backend for the whole page: compiling and running select this one
   * and leave it selected. Default: the current one when the model is compiled.
   */
  readonly backend?: TfjsBackendName
}

/** Milliseconds of work after which a run that can be aborted lets the event loop turn. */
const pauseInterval = 8

/** TensorFlow.js: fused operations, NHWC inside, every tensor freed as soon as nothing reads it. */
export function tfjs(options: TfjsOptions): Backend {
  const open = async (): Promise<Opened> => {
    const library = await loadLibrary(options.lib)
    return { library, backend: await selectBackend(library, options.backend) }
  }
  return {
    specVersion: 1,
    name: 'tfjs',
    // GLSL and WGSL let an implementation assume that there is none, and maxPool of all backends gives a number for it.
    nan: 'unspecified',
    async probe() {
      try {
        return { ok: true, features: [(await open()).backend] }
      } catch (error) {
        return { ok: false, reason: translate(error, 'starting').message }
      }
    },
    unsupported: (model) => model.nodes.filter(isUnsupported),
    compile: (model, compileOptions = {}) => compile(model, open, compileOptions),
  }
}

/** The library, and the name of its current backend. */
interface Opened {
  readonly library: Tfjs
  readonly backend: string
}

async function compile(
  model: Model,
  open: () => Promise<Opened>,
  { signal }: CompileOptions,
): Promise<Executor> {
  throwIfAborted(signal, 'compiling for tfjs')
  validate(model)
  refuseUnsupported(model)
  const { library, backend } = await open()
  throwIfAborted(signal, 'compiling for tfjs')
  const program = start(library, backend, model)

  const shapes = inferShapes(model)
  const weightBytes = Object.values(model.weights).reduce(
    (sum, { shape }) => sum + 4 * elementCount(shape),
    0,
  )
  return createExecutor({
    backend: 'tfjs',
    inputs: model.inputs,
    outputs: Object.fromEntries(
      Object.entries(model.outputs).map(([name, value]) => [name, spec(shapes[value] as readonly number[])]),
    ),
    memoryBytes: weightBytes + profile(model).peakActivationBytes,
    steps: program.steps.map(({ node, kernel }) => ({ node, kernel: `${backend} ${kernel}` })),
    execute: (inputs, signal) => run(library, backend, model, program, inputs, signal),
    free: () => program.dispose(),
  })
}

function start(library: Tfjs, backend: string, model: Model): Program {
  try {
    select(library, backend)
    return buildProgram(library, model)
  } catch (cause) {
    throw translate(cause, 'uploading weights')
  }
}

async function run(
  library: Tfjs,
  backend: string,
  model: Model,
  { steps }: Program,
  inputs: Tensors,
  signal: AbortSignal | undefined,
): Promise<Tensors> {
  const values = new Map<string, tf.Tensor>()
  let shown: readonly (readonly [name: string, value: tf.Tensor])[] = []
  try {
    select(library, backend)
    for (const name of Object.keys(model.inputs)) values.set(name, upload(library, inputs[name] as Tensor))
    let turn = performance.now()
    for (const { reads, makes, compute, last } of steps) {
      const given = reads.map((name) => values.get(name) as tf.Tensor)
      values.set(
        makes,
        library.tidy(() => compute(...given)),
      )
      for (const name of last) {
        values.get(name)?.dispose()
        values.delete(name)
      }
      if (signal && performance.now() - turn > pauseInterval) {
        await pause()
        throwIfAborted(signal, 'a run on tfjs')
        select(library, backend)
        turn = performance.now()
      }
    }
    shown = Object.entries(model.outputs).map(([name, value]) => [
      name,
      library.tidy(() => library.clone(toNchw(library, values.get(value) as tf.Tensor))),
    ])
    library.dispose([...values.values()])
    values.clear()
    const outputs = await Promise.all(shown.map(download))
    throwIfAborted(signal, 'a run on tfjs')
    return Object.fromEntries(outputs)
  } catch (cause) {
    throw translate(cause, 'running a model')
  } finally {
    library.dispose([...values.values(), ...shown.map(([, value]) => value)])
  }
}

/**
 * Make `backend`, which has been started, the current one again: another executor selects its own wherever this one waits. It happens before the
 * library's promise, so nothing can come in between.
 * @throws Error where the backend is no longer registered.
 */
function select(library: Tfjs, backend: string): void {
  if (library.getBackend() === backend) return
  library.setBackend(backend).catch(() => {})
  if (library.getBackend() !== backend) throw new Error(`the backend "${backend}" is no longer registered`)
}

function upload(library: Tfjs, { data, shape }: Tensor): tf.Tensor {
  return library.tidy(() => toNhwc(library, library.tensor(data, [...shape], 'float32')))
}

/** Copied, since the `cpu` backend hands out its own array. */
async function download([name, value]: readonly [string, tf.Tensor]): Promise<readonly [string, Tensor]> {
  return [name, tensor([...value.shape], Float32Array.from(await value.data<'float32'>()))]
}

/** Let aborts and timers in between two steps. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0)
  })
}
