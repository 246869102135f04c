/** Runs in the page of time-preprocess.mjs: how long a picture takes to become an input, and what the network makes of it. */
import { type Classifier, createClassifier, type PreprocessOptions } from '@mobileone/sdk'
import { preprocess } from '@mobileone/vision'

type Way = 'exact' | 'fast' | 'draw'

const size = 224
const small = new OffscreenCanvas(size, size).getContext('2d', { willReadFrequently: true })!

/** What pages write by hand: the centre square drawn to 224 x 224, and a loop. */
function byHand(bitmap: ImageBitmap, { mean, std }: Classifier['preprocess']): Float32Array {
  const side = Math.min(bitmap.width, bitmap.height)
  const [x, y] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2]
  small.drawImage(bitmap, x, y, side, side, 0, 0, size, size)
  const { data } = small.getImageData(0, 0, size, size)
  const out = new Float32Array(3 * size * size)
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < size * size; i++)
      out[c * size * size + i] = (data[4 * i + c]! / 255 - mean[c]!) / std[c]!
  }
  return out
}

let classifier: Classifier | undefined
let photograph: Blob | undefined

async function open(weights: string, picture: string): Promise<string> {
  photograph = await (await fetch(picture)).blob()
  classifier = await createClassifier({
    model: new URL(weights, location.href).href,
    backend: 'wasm',
    cache: false,
  })
  return classifier.backend
}

/** Milliseconds of each way, taking turns, each on a bitmap that nothing was drawn from before. */
async function time(
  width: number,
  height: number,
  rounds: number,
): Promise<Record<Way | 'network', number[]>> {
  const { preprocess: rule } = classifier!
  const times: Record<Way | 'network', number[]> = { exact: [], fast: [], draw: [], network: [] }
  let input = await preprocess(photograph!, rule)
  for (let round = -5; round < rounds; round++) {
    for (const way of ['exact', 'fast', 'draw'] as const) {
      const bitmap = await createImageBitmap(photograph!, {
        resizeWidth: width,
        resizeHeight: height,
        colorSpaceConversion: 'none',
        premultiplyAlpha: 'none',
      })
      const start = performance.now()
      if (way === 'draw') byHand(bitmap, rule)
      else input = await preprocess(bitmap, rule, { resample: way })
      if (round >= 0) times[way].push(performance.now() - start)
      bitmap.close()
    }
    const start = performance.now()
    await classifier!.logits(input)
    if (round >= 0) times.network.push(performance.now() - start)
  }
  return times
}

/** The best class of a photograph. */
async function classify(file: string, options: PreprocessOptions): Promise<number> {
  const [best] = await classifier!.classify(new URL(file, location.href), { ...options, topK: 1 })
  return best!.index
}

Object.assign(globalThis, { preprocessing: { open, time, classify } })
