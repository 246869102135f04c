import {
  type Backend,
  type CompileOptions,
  createExecutor,
  type Executor,
  elementCount,
  floatWeights,
  inferShapes,
  type LibrarySource,
  MobileOneError,
  type Model,
  type Node,
  profile,
  spec,
  type Tensor,
  type Tensors,
  tensor,
  throwIfAborted,
  validate,
} from '@mobileone/core'
import { toOnnx } from '@mobileone/onnx'
import { inTurn, loadLibrary, type OrtLibrary, type OrtSession, translate } from './library.ts'
import { type OrtThreads, openWithThreads, threadsOf } from './threads.ts'

/** A provider's name, or the name with options of the provider. */
export type ExecutionProvider = string | Readonly<{ name: string } & Record<string, unknown>>

/** Which ONNX Runtime `ort` runs models on, and how it is set up. */
export interface OrtOptions {
  /** `onnxruntime-web`, one of its entries, or `onnxruntime-node`: the module, or a function that imports it. */
  readonly lib: LibrarySource<OrtLibrary>
  /**
   * In order of preference, in the library's words: `wasm`, `webgpu`, `webnn` (onnxruntime-web), `cpu`, `cuda`, `coreml`
   * (onnxruntime-node). Default: the library's own choice. ONNX Runtime itself gives single nodes that a provider lacks to
   * the CPU. `webgpu` means `{ name: 'webgpu', preferredLayout: 'NCHW' }`, since its default layout computes some
   * convolutions wrongly.
   */
  readonly executionProviders?: readonly ExecutionProvider[]
  /**
   * Threads of one run. `auto` compares one with up to four when a model is compiled and keeps the faster. onnxruntime-web reads
   * it when its WebAssembly starts, once a page, and uses one thread where memory cannot be shared; `auto` leaves the choice to it.
   * `probe` and the executor's `features` say what it comes to. Default: the library's own choice.
   */
  readonly numThreads?: OrtThreads
  /** onnxruntime-web: run WebAssembly in a worker, so that the page stays responsive. Read once a page. */
  readonly proxy?: boolean
  /** onnxruntime-web: the folder its `.wasm` and `.mjs` files are served from, or their addresses. Read once a page. */
  readonly wasmPaths?: string | Readonly<{ wasm?: string | URL; mjs?: string | URL }>
  /** Further options of `InferenceSession.create`. */
  readonly session?: Readonly<Record<string, unknown>>
}

/** ONNX Runtime: the model is written as ONNX in memory and handed to the library the caller passes in. */
export function ort(options: OrtOptions): Backend {
  return {
    specVersion: 1,
    name: 'ort',
    // WGSL lets an implementation assume that there is no NaN, and the library's shaders lose it.
    ...(runsOnWebGpu(options) && { nan: 'unspecified' }),
    async probe() {
      try {
        const library = await loadLibrary(options.lib)
        const session = await createSession(library, toOnnx(identity), options, givenThreads(options))
        await session.release()
        return { ok: true, features: featuresOf(options, threadsOf(library, options.numThreads)) }
      } catch (error) {
        return { ok: false, reason: translate(error, 'starting').message }
      }
    },
    unsupported: (model) => miscomputed(model, options),
    compile: (model, compileOptions = {}) => compile(model, options, compileOptions),
  }
}

/** Batch normalisation of matrices, which the WebGPU provider of 1.30 computes wrongly in the layout NCHW. */
function miscomputed(model: Model, options: OrtOptions): readonly Node[] {
  if (!runsOnWebGpu(options)) return []
  const nodes = model.nodes.filter(({ op }) => op === 'batchNorm')
  if (nodes.length === 0) return nodes
  const shapes = inferShapes(model)
  return nodes.filter(({ inputs: [input = ''] }) => shapes[input]?.length === 2)
}

/** The smallest model there is, to see whether a session starts. */
const identity: Model = {
  name: 'probe',
  inputs: { x: spec([1, 1]) },
  nodes: [{ op: 'relu', name: 'y', inputs: ['x'] }],
  outputs: { y: 'y' },
  weights: {},
}

async function compile(model: Model, options: OrtOptions, { signal }: CompileOptions): Promise<Executor> {
  throwIfAborted(signal, 'compiling for ort')
  validate(model)
  const [refused] = miscomputed(model, options)
  if (refused) {
    throw new MobileOneError(
      'unsupported',
      `ort: ONNX Runtime's WebGPU computes the batch normalisation of a matrix wrongly, as "${refused.name}" of model "${model.name}" is; use another provider`,
    )
  }
  const { outputs, names } = distinctOutputs(model)
  // Weights that stay int8 in the file would be dequantised in every run.
  const bytes = toOnnx({ ...model, outputs, weights: floatWeights(model) })
  const library = await loadLibrary(options.lib)
  throwIfAborted(signal, 'compiling for ort')
  const inputNames = Object.keys(model.inputs)
  const feed = (session: OrtSession, inputs: Tensors): object =>
    Object.fromEntries(
      inputNames.map((name, index) => {
        const { data, shape } = inputs[name] as Tensor
        // The library's worker is sent the whole buffer, which is then no longer the caller's.
        const given = options.proxy ? data.slice() : data
        return [session.inputNames[index], new library.Tensor('float32', given, [...shape])]
      }),
    )
  const zeros = (): Tensors =>
    Object.fromEntries(Object.entries(model.inputs).map(([name, { shape }]) => [name, tensor(shape)]))
  const { session, threads } = await openWithThreads(
    library,
    options.numThreads,
    (count) => createSession(library, bytes, options, count),
    (opened) => runSession(opened, feed(opened, zeros())),
    signal,
  )
  if (signal?.aborted) await session.release()
  throwIfAborted(signal, 'compiling for ort')

  const shapes = inferShapes(model)
  const shapeOf = (value: string): readonly number[] => shapes[value] as readonly number[]
  const onGpu = isOnGpu(options)
  const weightBytes = Object.values(model.weights).reduce(
    (sum, { shape }) => sum + 4 * elementCount(shape),
    0,
  )
  return createExecutor({
    backend: 'ort',
    inputs: model.inputs,
    outputs: Object.fromEntries(
      Object.entries(model.outputs).map(([name, value]) => [name, spec(shapeOf(value))]),
    ),
    memoryBytes: weightBytes + profile(model).peakActivationBytes,
    steps: model.nodes.map((node) => ({ node: node.name, kernel: `ort ${node.op}` })),
    features: featuresOf(options, threads),
    async execute(inputs, signal) {
      const feeds = feed(session, inputs)
      const run = (): ReturnType<typeof runSession> => runSession(session, feeds)
      const results = await (onGpu ? inTurn(library, run) : run())
      throwIfAborted(signal, 'a run on ort')
      return readOutputs(session, results, names, (name) => shapeOf(model.outputs[name] as string))
    },
    free: () => session.release(),
  })
}

async function runSession(
  session: OrtSession,
  feeds: object,
): Promise<Awaited<ReturnType<OrtSession['run']>>> {
  try {
    return await session.run(feeds)
  } catch (cause) {
    throw translate(cause, 'running a model')
  }
}

function readOutputs(
  session: OrtSession,
  results: Awaited<ReturnType<OrtSession['run']>>,
  names: readonly string[],
  shapeOf: (name: string) => readonly number[],
): Tensors {
  return Object.fromEntries(
    names.map((name, index) => {
      const result = results[session.outputNames[index] as string]
      if (!(result?.data instanceof Float32Array)) {
        throw new MobileOneError('unavailable', `ort: the output "${name}" is ${result?.type}, not float32`)
      }
      return [name, tensor(shapeOf(name), result.data)]
    }),
  )
}

/** ONNX has one name for each value: an output that is called like an input goes under another name. */
function distinctOutputs(model: Model): {
  readonly outputs: Model['outputs']
  readonly names: readonly string[]
} {
  const outputs: Record<string, string> = {}
  for (const [name, value] of Object.entries(model.outputs)) {
    let free = name
    while (Object.hasOwn(model.inputs, free) || Object.hasOwn(outputs, free)) free += '_'
    outputs[free] = value
  }
  return { outputs, names: Object.keys(model.outputs) }
}

async function createSession(
  library: OrtLibrary,
  bytes: Uint8Array,
  options: OrtOptions,
  numThreads: number | undefined,
): Promise<OrtSession> {
  const { proxy, wasmPaths, executionProviders } = options
  const { wasm } = library.env
  if (numThreads !== undefined) wasm.numThreads = numThreads
  if (proxy !== undefined) wasm.proxy = proxy
  if (wasmPaths !== undefined) wasm.wasmPaths = wasmPaths
  try {
    return await inTurn(library, () =>
      library.InferenceSession.create(bytes, {
        logSeverityLevel: 3,
        ...(executionProviders && { executionProviders: executionProviders.map(withLayout) }),
        ...(numThreads !== undefined && { intraOpNumThreads: numThreads, interOpNumThreads: 1 }),
        ...options.session,
      }),
    )
  } catch (cause) {
    throw translate(cause, `opening a session on ${providerNames(options).join(', ')}`)
  }
}

/** In its default layout, NHWC, the WebGPU provider of 1.30 computes some dense and grouped convolutions wrongly. */
function withLayout(provider: ExecutionProvider): ExecutionProvider {
  return provider === 'webgpu' ? { name: 'webgpu', preferredLayout: 'NCHW' } : provider
}

function providerNames({ executionProviders }: OrtOptions): readonly string[] {
  return (
    executionProviders?.map((provider) => (typeof provider === 'string' ? provider : provider.name)) ?? [
      "the library's default provider",
    ]
  )
}

/** What runs on a GPU has no threads to tell of. */
function featuresOf(options: OrtOptions, threads: string): readonly string[] {
  return isOnGpu(options) ? providerNames(options) : [...providerNames(options), threads]
}

/** Where a model is needed to choose, the library does. */
function givenThreads({ numThreads }: OrtOptions): number | undefined {
  return numThreads === 'auto' ? undefined : numThreads
}

function isOnGpu(options: OrtOptions): boolean {
  return runsOnWebGpu(options) || providerNames(options).includes('webnn')
}

function runsOnWebGpu(options: OrtOptions): boolean {
  return providerNames(options).includes('webgpu')
}
