/** What `few-shot-browser.slow.test.ts` runs in a page. */
import { createClassifier, type Prediction, toSafetensors } from '../src/index.ts'
import { draw, type Kind, kinds } from './canvas-drawings.ts'

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
