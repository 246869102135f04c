/** What `head-browser.test.ts` runs in a page. */
import { ExampleSet, type Head, type HeadData, loadHead } from '@mobileone/sdk/head'
import { createClassifier } from '../src/index.ts'
import { draw, type Kind, kinds } from './canvas-drawings.ts'

export interface PageResult {
  readonly classes: readonly (readonly string[])[]
  readonly bytes: number
  /** Of drawings classified with the head from the file, the part that was right. */
  readonly accuracy: number
  /** The part of these on which the head that went through a message port agrees. */
  readonly agreement: number
  readonly refit: Pick<NonNullable<HeadData['report']>, 'milliseconds' | 'iterations'>
  /** The longest task while heads were fitted, in milliseconds; 0 where none took 50. */
  readonly longestTask: number
}

const pictures = (kind: Kind, from: number, count: number): Promise<Blob[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => draw(kind, from + index)))

function throughPort(data: HeadData): Promise<HeadData> {
  const { port1, port2 } = new MessageChannel()
  return new Promise((resolve) => {
    port2.onmessage = ({ data: received }) => {
      port2.close()
      resolve(received)
    }
    port1.postMessage(data)
  })
}

async function run(): Promise<PageResult> {
  await using classifier = await createClassifier({
    model: new URL('/assets/fashion-mnist.safetensors', location.href),
    cache: false,
  })
  const examples = new ExampleSet(classifier)
  const classes: (readonly string[])[] = []
  const controller = new AbortController()
  const fitted = (async () => {
    for await (const { labels } of examples.heads({ signal: controller.signal })) {
      classes.push(labels)
      if (labels.length === kinds.length) controller.abort()
    }
  })()
  for (const kind of kinds) {
    await examples.addExample(kind, await pictures(kind, 1, 6))
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  await fitted

  const tasks: number[] = []
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tasks.push(duration)
  })
  observer.observe({ type: 'longtask' })
  await new Promise((resolve) => setTimeout(resolve, 50))
  const { milliseconds, iterations } = (await examples.fit()).report as NonNullable<HeadData['report']>
  await new Promise((resolve) => setTimeout(resolve, 50))
  observer.disconnect()

  const bytes = (examples.head as Head).toBytes()
  await using mine = await classifier.withHead(loadHead(bytes))
  await using sent = await classifier.withHead(await throughPort(examples.head as Head))
  let [right, agreeing, count] = [0, 0, 0]
  for (const kind of kinds) {
    const unseen = await pictures(kind, 500, 20)
    const [a, b] = [await mine.classify(unseen, { topK: 1 }), await sent.classify(unseen, { topK: 1 })]
    for (const [index, [best]] of a.entries()) {
      if (best?.label === kind) right++
      if (best?.score === b[index]?.[0]?.score) agreeing++
      count++
    }
  }
  return {
    classes,
    bytes: bytes.length,
    accuracy: right / count,
    agreement: agreeing / count,
    refit: { milliseconds, iterations },
    longestTask: Math.max(0, ...tasks),
  }
}

Object.assign(globalThis, { run })
