import type { Classifier, ClassifierRunOptions, Framing, Prediction } from '@mobileone/sdk'
import { computed, effect, type ReadonlySignal, signal } from '@preact/signals'
import { engine } from '../../state/engine.ts'
import type { Region, Size } from './region.ts'

/** Milliseconds of one classification, from file to classes, and parts of it that were measured apart. */
export interface StageTimes {
  readonly total: number
  /** Decoding alone, done once more on the page; 0 where the browser could not. */
  readonly decode: number
  /** The network alone, on an empty picture. */
  readonly network: number
}

/** How far the classification of a picture is. */
export type Outcome =
  | { readonly state: 'waiting' | 'running' }
  | { readonly state: 'done'; readonly predictions: readonly Prediction[]; readonly times: StageTimes }
  | { readonly state: 'failed'; readonly message: string }

/** A picture that the visitor gave. */
export interface Picture {
  readonly id: number
  readonly name: string
  readonly file: Blob
  /** Shows it. */
  readonly address: string
  /** Upright, once it has been decoded. */
  readonly size: Size | undefined
  readonly region: Region | undefined
  readonly outcome: Outcome
}

/** What applies to all pictures. */
export interface Settings {
  readonly topK: number
  readonly fit: NonNullable<Framing['fit']>
  readonly resample: 'exact' | 'fast'
}

/** So many pictures are kept; the oldest go first. */
const most = 100

const all = signal<readonly Picture[]>([])
const shownId = signal<number | undefined>(undefined)
const current = signal<Settings>({ topK: 5, fit: 'crop', resample: 'exact' })

/** The newest first. */
export const pictures: ReadonlySignal<readonly Picture[]> = all
export const settings: ReadonlySignal<Settings> = current
/** The one that is shown large. */
export const selected: ReadonlySignal<Picture | undefined> = computed(() =>
  all.value.find(({ id }) => id === shownId.value),
)

let lastId = 0
const waiting: Outcome = { state: 'waiting' }

/** Take pictures, show the first and classify all, as soon as there is a classifier. */
export function addPictures(files: readonly { readonly name: string; readonly file: Blob }[]): void {
  const added = files.slice(0, most).map(({ name, file }): Picture => {
    const address = URL.createObjectURL(file)
    return { id: ++lastId, name, file, address, size: undefined, region: undefined, outcome: waiting }
  })
  const kept = [...added, ...all.value]
  for (const { address } of kept.splice(most)) URL.revokeObjectURL(address)
  all.value = kept
  shownId.value = added[0]?.id
  void classifyWaiting()
}

export function selectPicture(id: number): void {
  shownId.value = id
}

export function removePicture(id: number): void {
  const gone = all.value.find((picture) => picture.id === id)
  if (gone) URL.revokeObjectURL(gone.address)
  all.value = all.value.filter((picture) => picture.id !== id)
  if (shownId.value === id) shownId.value = all.value[0]?.id
}

/** Another region of one picture; undefined for all of it. */
export function setRegion(id: number, region: Region | undefined): void {
  change(id, { region, outcome: waiting })
  void classifyWaiting()
}

export function setSettings(changes: Partial<Settings>): void {
  current.value = { ...current.value, ...changes }
  classifyAgain()
}

function change(id: number, changes: Partial<Picture>): void {
  all.value = all.value.map((picture) => (picture.id === id ? { ...picture, ...changes } : picture))
}

function classifyAgain(): void {
  all.value = all.value.map((picture) => ({ ...picture, outcome: waiting }))
  void classifyWaiting()
}

/** The classifier whose results are shown; another one makes all of them wait for it. */
let user: Classifier | undefined
effect(() => {
  const { classifier } = engine.value
  if (!classifier || classifier === user) return
  user = classifier
  classifyAgain()
})

let isRunning = false

/** One after the other, the one that is shown first, until none waits. */
async function classifyWaiting(): Promise<void> {
  if (isRunning) return
  isRunning = true
  try {
    for (;;) {
      const { classifier } = engine.peek()
      const candidates = all.peek().filter(({ outcome }) => outcome.state === 'waiting')
      const next = candidates.find(({ id }) => id === shownId.peek()) ?? candidates.at(-1)
      if (!classifier || !next) return
      change(next.id, { outcome: { state: 'running' } })
      const found = await classified(next, classifier, current.peek())
      // What was changed meanwhile waits for its own turn.
      const now = all.peek().find(({ id }) => id === next.id)
      if (now?.outcome.state === 'running') {
        const isStale = engine.peek().classifier !== classifier
        change(next.id, isStale ? { ...found, outcome: waiting } : found)
      }
    }
  } finally {
    isRunning = false
  }
}

async function classified(
  { file, region, size }: Picture,
  classifier: Classifier,
  { topK, fit, resample }: Settings,
): Promise<Partial<Picture>> {
  const options: ClassifierRunOptions = { topK, fit, resample, ...(region && { region }) }
  try {
    const start = performance.now()
    const predictions = await classifier.classify(file, options)
    const total = performance.now() - start
    // Not before the classifier has checked what it is and how large.
    const decoded = await timeDecoding(file)
    const times = { total, decode: decoded?.ms ?? 0, network: await networkTime(classifier) }
    return { size: decoded?.size ?? size, outcome: { state: 'done', predictions, times } }
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    // Its successor classifies it again.
    if (code === 'disposed') return { outcome: waiting }
    return { outcome: { state: 'failed', message } }
  }
}

async function timeDecoding(file: Blob): Promise<{ readonly ms: number; readonly size: Size } | undefined> {
  try {
    const start = performance.now()
    const bitmap = await createImageBitmap(file)
    const ms = performance.now() - start
    const size = { width: bitmap.width, height: bitmap.height }
    bitmap.close()
    return { ms, size }
  } catch {
    return undefined
  }
}

const networkTimes = new WeakMap<Classifier, Promise<number>>()

/** The least of three runs on an empty picture, measured once for each classifier. */
function networkTime(classifier: Classifier): Promise<number> {
  const known = networkTimes.get(classifier)
  if (known) return known
  const measured = (async () => {
    let least = Number.POSITIVE_INFINITY
    for (let run = 0; run < 3; run++) {
      const start = performance.now()
      await classifier.warmUp()
      least = Math.min(least, performance.now() - start)
    }
    return least
  })()
  networkTimes.set(classifier, measured)
  return measured
}
