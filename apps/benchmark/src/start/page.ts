/** A page of `npm run bench:start`: the JavaScript is loaded and the model's bytes are in memory before the clock starts. */
import { createClassifier } from '@mobileone/sdk'
import * as ort from 'onnxruntime-web/wasm'

const size = 224

export interface Started {
  /** Milliseconds to something that runs, and of the first run. */
  readonly createMs: number
  readonly firstMs: number
  /** The best class of the input, and what the runtime says of itself. */
  readonly best: number
  readonly features: readonly string[]
}

/** What starts from a kind of file; the clock of `createMs` stops where it gives the run. */
type Start = (
  bytes: Uint8Array,
) => Promise<{ readonly features: readonly string[]; run(input: Float32Array): Promise<Float32Array> }>

const starts: Readonly<Record<'sdk' | 'ort', Start>> = {
  async sdk(bytes) {
    const classifier = await createClassifier({ model: bytes, cache: false })
    const shape = [1, 3, size, size]
    return {
      features: classifier.features,
      run: (data) => classifier.logits({ dtype: 'float32', shape, data }),
    }
  },
  async ort(bytes) {
    ort.env.wasm.numThreads = 1
    ort.env.wasm.wasmPaths = new URL('/vendor/onnxruntime-web/dist/', location.origin).href
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] })
    const [input = '', output = ''] = [session.inputNames[0], session.outputNames[0]]
    return {
      features: [],
      async run(data) {
        const results = await session.run({ [input]: new ort.Tensor('float32', data, [1, 3, size, size]) })
        return results[output]?.data as Float32Array
      },
    }
  },
}

const [file, pixels] = [{ bytes: new Uint8Array() }, new Float32Array(3 * size * size)]

export const startPage = {
  /** Take a model and the input into memory. */
  async load(model: string, input: string): Promise<void> {
    const [bytes, data] = await Promise.all(
      [model, input].map(async (address) => (await fetch(address)).arrayBuffer()),
    )
    file.bytes = new Uint8Array(bytes as ArrayBuffer)
    pixels.set(new Float32Array(data as ArrayBuffer))
  },
  async start(how: keyof typeof starts): Promise<Started> {
    const begin = performance.now()
    const { features, run } = await starts[how](file.bytes)
    const created = performance.now()
    const logits = await run(pixels)
    const firstMs = performance.now() - created
    return { createMs: created - begin, firstMs, best: logits.indexOf(Math.max(...logits)), features }
  },
}

Object.assign(globalThis, { startPage })
