import type { Classifier, ClassifierRunOptions, PictureTimes } from '@mobileone/sdk'
import { effect } from '@preact/signals'
import { engine } from '../../state/engine.ts'
import {
  changePicture,
  classifyAgain,
  nextWaiting,
  type Outcome,
  type Picture,
  pictures,
  settings,
} from './pictures.ts'

/** The classifier whose results are shown; another one has all of them made again. */
let user: Classifier | undefined
let isRunning = false

/** Classify what waits, whenever there is something and a classifier. */
effect(() => {
  const { classifier } = engine.value
  if (classifier && classifier !== user) {
    user = classifier
    classifyAgain()
  }
  const isWaiting = pictures.value.some(({ outcome }) => outcome.state === 'waiting')
  if (classifier && isWaiting && !isRunning) void classifyWaiting(classifier)
})

/** Until none waits, or another classifier has come. */
async function classifyWaiting(classifier: Classifier): Promise<void> {
  isRunning = true
  try {
    while (engine.peek().classifier === classifier && nextWaiting()) await classifyAlike(classifier)
  } finally {
    isRunning = false
  }
  // What came meanwhile is for the classifier of now.
  const now = engine.peek().classifier
  if (now && now !== classifier && nextWaiting()) void classifyWaiting(now)
}

/** What waits and takes the same options, in one go: while one runs, the next is decoded. */
async function classifyAlike(classifier: Classifier): Promise<void> {
  const wanted = settings.peek()
  const { region } = nextWaiting() as Picture
  const begun: { readonly id: number; readonly start: number }[] = []
  const stages: Omit<PictureTimes, 'index'>[] = []
  function* queue(): Generator<Blob> {
    for (;;) {
      const next = nextWaiting()
      const isSame = engine.peek().classifier === classifier && settings.peek() === wanted
      if (!next || !isSame || next.region !== region) return
      changePicture(next.id, { outcome: { state: 'running' } })
      begun.push({ id: next.id, start: performance.now() })
      yield next.file
    }
  }
  const options: ClassifierRunOptions = {
    ...wanted,
    ...(region && { region }),
    onTimes: ({ index, ...times }) => {
      stages[index] = times
    },
  }
  try {
    for await (const { index, ok, value, error } of classifier.classifyEach(queue(), options)) {
      const { id, start } = begun[index] as (typeof begun)[number]
      const { decode, prepare, run } = stages[index] ?? { decode: 0, prepare: 0, run: 0 }
      const times = { decode, prepare, run, whole: performance.now() - start }
      settle(
        id,
        classifier,
        ok ? { state: 'done', predictions: value, times } : { state: 'failed', message: error.message },
      )
    }
  } catch (error) {
    const { message } = error as Error
    for (const { id } of begun) settle(id, classifier, { state: 'failed', message })
  }
}

/** Note what became of a picture, unless it was changed meanwhile; its new classifier asks again for what the old one left. */
function settle(id: number, classifier: Classifier, outcome: Outcome): void {
  const now = pictures.peek().find((picture) => picture.id === id)
  if (now?.outcome.state !== 'running') return
  changePicture(id, { outcome: engine.peek().classifier === classifier ? outcome : { state: 'waiting' } })
}
