import type { Classifier, HeadData, HeadReport, MobileOneError } from '@mobileone/sdk'
import { type Backbone, Head } from '@mobileone/sdk/head'
import { effect, type ReadonlySignal, signal, untracked } from '@preact/signals'
import { proxy, transfer } from 'comlink'
import { engine } from '../../state/engine.ts'
import { project } from './taught.ts'
import { teachWorker } from './teach-worker-client.ts'

/** How far learning is. */
export type LearningStatus =
  /** The model is not there yet, or failed. */
  | { readonly is: 'without-model' }
  /** The model has no embeddings to learn from. */
  | { readonly is: 'unsuited' }
  /** Fewer than two classes have examples. */
  | { readonly is: 'waiting' }
  /** The model looks at pictures. */
  | { readonly is: 'looking'; readonly done: number; readonly total: number }
  | { readonly is: 'fitting' }
  | { readonly is: 'learned' }
  | { readonly is: 'failed'; readonly message: string }

/** A head, and the classifier whose embeddings it reads. Its labels are ids of classes. */
export interface Learned {
  readonly classifier: Classifier
  readonly head: Head
}

const atOnce = 8
/** Milliseconds of looking at pictures after which a head is fitted to those looked at. */
const patience = 2000

const state = signal<LearningStatus>({ is: 'waiting' })
const current = signal<Learned | undefined>(undefined)
const judged = signal<HeadReport | undefined>(undefined)
export const learning: ReadonlySignal<LearningStatus> = state
/** The newest head; undefined while there is none for this model. */
export const learned: ReadonlySignal<Learned | undefined> = current
/** The newest report with cross-validation; its labels are ids of classes. */
export const validation: ReadonlySignal<HeadReport | undefined> = judged

let backbone: Backbone | undefined
let embedded = new Set<string>()
let fitted: unknown[] = []
let isAtWork = false
let isWanted = false

/** Embeds and fits whatever is taught, whenever it or the model changes, from the first call on. */
export function startLearning(): void {
  if (isListening) return
  isListening = true
  void teachWorker().listen(proxy(onHead))
  effect(() => {
    void project.value.examples
    void project.value.classes
    void engine.value.classifier
    untracked(() => void work())
  })
}
let isListening = false

function onHead(
  head: HeadData | undefined,
  error?: { readonly code: string; readonly message: string },
): void {
  const { classifier } = engine.peek()
  if (error) state.value = { is: 'failed', message: error.message }
  if (!head || !classifier || fitted.length === 0 || !sameBackbone(head.backbone, backbone)) return
  current.value = { classifier, head: new Head(head) }
  if (head.report?.crossValidation) judged.value = head.report
  if (state.peek().is === 'fitting' || state.peek().is === 'failed') state.value = { is: 'learned' }
}

/** Try once more after a failure. */
export function learnAgain(): void {
  fitted = []
  void work()
}

async function work(): Promise<void> {
  isWanted = true
  if (isAtWork) return
  isAtWork = true
  try {
    while (isWanted) {
      isWanted = false
      await pass()
    }
  } catch (error) {
    const { code, message } = error as MobileOneError
    // A classifier is disposed of before its successor comes; that is no fault.
    if (code !== 'disposed' && code !== 'aborted') state.value = { is: 'failed', message }
  } finally {
    isAtWork = false
  }
}

/** Look at what was not looked at, and have a head fitted. */
async function pass(): Promise<void> {
  const { classifier } = engine.peek()
  if (!classifier) {
    state.value = { is: 'without-model' }
    return
  }
  if (!classifier.backbone) {
    forget()
    state.value = { is: 'unsuited' }
    return
  }
  if (!sameBackbone(classifier.backbone, backbone)) {
    forget()
    backbone = classifier.backbone
    await teachWorker().begin(backbone)
  } else if (current.peek() && current.peek()?.classifier !== classifier) {
    current.value = { classifier, head: current.peek()!.head }
  }
  await look(classifier)
  if (engine.peek().classifier !== classifier) {
    isWanted = true
    return
  }
  await fit()
}

async function look(classifier: Classifier): Promise<void> {
  const until = performance.now() + patience
  for (;;) {
    const { examples } = project.peek()
    const missing = examples.filter(({ id }) => !embedded.has(id))
    if (missing.length === 0 || engine.peek().classifier !== classifier) return
    const batch = missing.slice(0, atOnce)
    if (missing.length > 1) {
      state.value = { is: 'looking', done: examples.length - missing.length, total: examples.length }
    }
    const features = await classifier.embed(batch.map(({ picture }) => picture))
    const ids = batch.map(({ id }) => id)
    const buffers = features.map(({ buffer }) => buffer as ArrayBuffer)
    await teachWorker().put(ids, transfer(features, buffers))
    for (const id of ids) embedded.add(id)
    if (performance.now() > until) {
      isWanted = true
      return
    }
  }
}

async function fit(): Promise<void> {
  const { classes, examples } = project.peek()
  const groups = new Map(classes.map(({ id }) => [id, [] as string[]]))
  for (const { id, classId } of examples) if (embedded.has(id)) groups.get(classId)?.push(id)
  const lesson = [...groups]
    .map(([id, ids]) => ({ id, examples: ids }))
    .filter((one) => one.examples.length > 0)
  const wanted = lesson.flatMap(({ id, examples: ids }) => [id, ...ids])
  if (lesson.length < 2) {
    current.value = judged.value = undefined
    fitted = []
    state.value = { is: 'waiting' }
    return
  }
  if (wanted.length === fitted.length && wanted.every((id, index) => id === fitted[index])) {
    if (state.peek().is !== 'failed') state.value = { is: 'learned' }
    return
  }
  fitted = wanted
  if (embedded.size > examples.length + 500) {
    embedded = new Set(examples.map(({ id }) => id).filter((id) => embedded.has(id)))
    await teachWorker().keep([...embedded])
  }
  state.value = { is: 'fitting' }
  await teachWorker().fit({ classes: lesson })
}

function forget(): void {
  embedded = new Set()
  fitted = []
  backbone = undefined
  current.value = judged.value = undefined
}

/** Threads and backends come and go with the same backbone. */
function sameBackbone(a: Backbone, b: Backbone | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
