/** A page of `npm run bench:start`: the JavaScript is loaded and the model's bytes are in memory before the clock starts. */

const size = 224

export interface Started {
  /** Milliseconds to something that runs, and of the first run. */
  readonly createMs: number
  readonly firstMs: number
  /** The best class of the input, and what the runtime says of itself. */
  readonly best: number
  readonly features: readonly string[]
}

type File = Uint8Array<ArrayBuffer>

/** What starts from the files of a model; the clock of `createMs` stops where it gives the run. */
interface Start {
  readonly layout: 'NCHW' | 'NHWC'
  create(
    files: readonly File[],
  ): Promise<{ readonly features: readonly string[]; run(input: Float32Array): Promise<Float32Array> }>
}

const vendor = new URL('/vendor/', location.origin).href
const shapes = { NCHW: [1, 3, size, size], NHWC: [1, size, size, 3] }

/** Each loads its JavaScript. */
const starts = {
  async sdk(): Promise<Start> {
    const { createClassifier } = await import('@mobileone/sdk')
    return {
      layout: 'NCHW',
      async create([model]) {
        const classifier = await createClassifier({ model: model as File, cache: false })
        return {
          features: classifier.features,
          run: (data) => classifier.logits({ dtype: 'float32', shape: shapes.NCHW, data }),
        }
      },
    }
  },
  async ort(): Promise<Start> {
    const ort = await import('onnxruntime-web/wasm')
    return {
      layout: 'NCHW',
      async create([model]) {
        ort.env.wasm.numThreads = 1
        ort.env.wasm.wasmPaths = `${vendor}onnxruntime-web/dist/`
        const session = await ort.InferenceSession.create(model as File, { executionProviders: ['wasm'] })
        const [input = '', output = ''] = [session.inputNames[0], session.outputNames[0]]
        return {
          features: [],
          async run(data) {
            const results = await session.run({ [input]: new ort.Tensor('float32', data, shapes.NCHW) })
            return results[output]?.data as Float32Array
          },
        }
      },
    }
  },
  async litert(): Promise<Start> {
    const { loadAndCompile, loadLiteRt, Tensor } = await import('@litertjs/core')
    return {
      layout: 'NHWC',
      async create([model]) {
        await loadLiteRt(`${vendor}@litertjs/core/wasm/`)
        const compiled = await loadAndCompile(model as File, { accelerator: 'wasm' })
        return {
          features: [],
          async run(data) {
            const [output] = await compiled.run(Tensor.fromTypedArray(data, shapes.NHWC))
            return (await output?.data()) as Float32Array
          },
        }
      },
    }
  },
  async tfjs(): Promise<Start> {
    const [tf, { loadGraphModel }, { setWasmPaths }] = await Promise.all([
      import('@tensorflow/tfjs-core'),
      import('@tensorflow/tfjs-converter'),
      import('@tensorflow/tfjs-backend-wasm'),
    ])
    return {
      layout: 'NHWC',
      async create([json, weights]) {
        setWasmPaths(`${vendor}@tensorflow/tfjs-backend-wasm/wasm-out/`)
        tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
        await tf.setBackend('wasm')
        const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(json))
        const weightSpecs = weightsManifest[0].weights
        const weightData = (weights as File).buffer
        const graph = await loadGraphModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }))
        return {
          features: [],
          async run(data) {
            const output = graph.predict(tf.tensor(data, shapes.NHWC)) as InstanceType<typeof tf.Tensor>
            return (await output.data()) as Float32Array
          },
        }
      },
    }
  },
} satisfies Readonly<Record<string, () => Promise<Start>>>

let ready:
  | { readonly start: Start; readonly files: readonly File[]; readonly pixels: Float32Array }
  | undefined

export const startPage = {
  /** Load the JavaScript, and take a model's files and the input, [1, 3, 224, 224], into memory. */
  async load(how: keyof typeof starts, model: readonly string[], input: string): Promise<void> {
    const [data, ...files] = await Promise.all(
      [input, ...model].map(async (address) => (await fetch(address)).arrayBuffer()),
    )
    const start = await starts[how]()
    const values = new Float32Array(data as ArrayBuffer)
    const area = size * size
    const pixels =
      start.layout === 'NCHW'
        ? values
        : values.map((_, index) => values[(index % 3) * area + Math.floor(index / 3)] as number)
    ready = { start, files: files.map((bytes) => new Uint8Array(bytes)), pixels }
  },
  async start(): Promise<Started> {
    if (!ready) throw new Error('load a model first')
    const { start, files, pixels } = ready
    const begin = performance.now()
    const { features, run } = await start.create(files)
    const created = performance.now()
    const logits = await run(pixels)
    const firstMs = performance.now() - created
    return { createMs: created - begin, firstMs, best: logits.indexOf(Math.max(...logits)), features }
  },
}

Object.assign(globalThis, { startPage })
