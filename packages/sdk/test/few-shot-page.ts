/** What `few-shot-browser.test.ts` runs in a page. */
import { createClassifier, type Prediction, toSafetensors } from '../src/index.ts'

export interface PageResult {
  readonly milliseconds: number
  readonly report: unknown
  readonly bytes: number
  /** Of classified drawings, the part that was right: with the classifier trained, and with its exported file. */
  readonly accuracy: number
  readonly exportedAccuracy: number
  readonly logits: readonly number[]
  readonly exportedLogits: readonly number[]
}

type Kind = 'ring' | 'stripes' | 'star'

/** A shape in random colours at a random place, as a picture file would hold it. */
async function draw(kind: Kind, seed: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(112, 112)
  const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D
  const next = (() => {
    let state = seed * 9301 + 49297
    return () => (state = (state * 9301 + 49297) % 233280) / 233280
  })()
  context.fillStyle = `hsl(${360 * next()} 40% ${5 + 15 * next()}%)`
  context.fillRect(0, 0, 112, 112)
  context.translate(56 + 20 * (next() - 0.5), 56 + 20 * (next() - 0.5))
  context.scale(1 + 0.3 * next(), 1 + 0.3 * next())
  const colour = `hsl(${360 * next()} 60% ${65 + 25 * next()}%)`
  context.fillStyle = colour
  context.strokeStyle = colour
  context.lineWidth = 10
  context.beginPath()
  if (kind === 'ring') {
    context.arc(0, 0, 26, 0, 7)
    context.stroke()
  } else if (kind === 'stripes') {
    for (let y = -32; y < 32; y += 16) context.fillRect(-34, y, 68, 8)
  } else {
    for (let point = 0; point < 10; point++) {
      const radius = point % 2 === 0 ? 36 : 14
      context.lineTo(radius * Math.sin((point * Math.PI) / 5), -radius * Math.cos((point * Math.PI) / 5))
    }
    context.fill()
  }
  return canvas.convertToBlob({ type: 'image/png' })
}

const kinds: readonly Kind[] = ['ring', 'stripes', 'star']

async function run(): Promise<PageResult> {
  await using classifier = await createClassifier({
    model: new URL('/assets/fashion-mnist.safetensors', location.href),
    cache: false,
  })
  const pictures = (kind: Kind, from: number, count: number): Promise<Blob[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => draw(kind, from + index)))
  const examples: Record<string, Blob[]> = {}
  for (const kind of kinds) examples[kind] = await pictures(kind, 1, 6)
  const start = performance.now()
  await using mine = await classifier.fewShot(examples)
  const milliseconds = performance.now() - start

  const file = new Blob([toSafetensors(mine.model) as BlobPart])
  await using exported = await createClassifier({ model: file })
  const right = (predictions: readonly Prediction[][], kind: Kind): number =>
    predictions.filter(([best]) => best?.label === kind).length
  let [own, again, count] = [0, 0, 0]
  for (const kind of kinds) {
    const unseen = await pictures(kind, 500, 20)
    own += right(await mine.classify(unseen), kind)
    again += right(await exported.classify(unseen), kind)
    count += unseen.length
  }
  const one = await draw('star', 999)
  return {
    milliseconds,
    report: mine.report,
    bytes: file.size,
    accuracy: own / count,
    exportedAccuracy: again / count,
    logits: [...(await mine.logits(one))],
    exportedLogits: [...(await exported.logits(one))],
  }
}

Object.assign(globalThis, { run })
