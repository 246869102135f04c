/** S0 on onnxruntime-web as its users write it: draw, read the pixels, make a tensor of them, run. One thread, WebAssembly. */
import * as ort from 'onnxruntime-web/wasm'
import { files, type Guess } from './contender.ts'

const size = 224
const mean = [0.485, 0.456, 0.406] as const
const std = [0.229, 0.224, 0.225] as const

type Canvas2d = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

export interface OrtSession {
  classify(
    frame: HTMLVideoElement | ImageBitmap,
    width: number,
    height: number,
    context: Canvas2d,
  ): Promise<Guess[]>
  release(): Promise<void>
}

export async function openSession(): Promise<OrtSession> {
  ort.env.wasm.numThreads = 1
  ort.env.wasm.wasmPaths = new URL('/vendor/onnxruntime-web/dist/', location.origin).href
  const [session, labels] = await Promise.all([
    ort.InferenceSession.create(files.onnx, { executionProviders: ['wasm'] }),
    fetch(files.labels).then((response) => response.json() as Promise<string[]>),
  ])
  const [input = '', output = ''] = [session.inputNames[0], session.outputNames[0]]
  const values = new Float32Array(3 * size * size)
  return {
    async classify(frame, width, height, context) {
      // 224 of a short side of 256: the middle 7/8.
      const side = 0.875 * Math.min(width, height)
      context.drawImage(frame, (width - side) / 2, (height - side) / 2, side, side, 0, 0, size, size)
      const { data } = context.getImageData(0, 0, size, size)
      for (let pixel = 0; pixel < size * size; pixel++) {
        for (let channel = 0; channel < 3; channel++) {
          const value = (data[4 * pixel + channel] as number) / 255
          values[channel * size * size + pixel] = (value - mean[channel]!) / std[channel]!
        }
      }
      const tensor = new ort.Tensor('float32', values, [1, 3, size, size])
      const results = await session.run({ [input]: tensor })
      return best(results[output]?.data as Float32Array, labels)
    },
    release: () => session.release(),
  }
}

/** The three best classes after softmax. */
function best(logits: Float32Array, labels: readonly string[]): Guess[] {
  const largest = Math.max(...logits)
  const exps = logits.map((value) => Math.exp(value - largest))
  const sum = exps.reduce((total, value) => total + value, 0)
  return [...exps.keys()]
    .sort((a, b) => exps[b]! - exps[a]!)
    .slice(0, 3)
    .map((index) => ({ label: labels[index] ?? '', score: exps[index]! / sum }))
}
