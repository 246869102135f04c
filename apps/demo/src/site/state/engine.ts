import type { ClassifierOptions, MobileOneError, Progress, Refusal } from '@mobileone/sdk'
import { ClassifierSession, type ClassifierState } from '@mobileone/sdk/lifecycle'
import { createWorkerClassifier, type WorkerClassifierOptions } from '@mobileone/sdk/worker'
import { effect, type ReadonlySignal, signal } from '@preact/signals'
import { type Choice, checkpointFile, choice } from './choice.ts'

/** Milliseconds that each phase of loading has taken, in their order: download, read, fold, pack, compile, warm-up. */
export type PhaseTimes = Readonly<Record<string, number>>

/** The one classifier that all views share. */
export type EngineState = ClassifierState & {
  /** What it is a classifier of; what loads may differ from what was `ready` before. */
  readonly choice: Choice
  readonly phases: PhaseTimes
  readonly refusals: readonly Refusal[]
}

const session = new ClassifierSession()
const current = signal<EngineState>({
  ...session.getState(),
  choice: choice.peek(),
  phases: {},
  refusals: [],
})
/** How far the classifier of the choice is. It follows every change of the choice by itself. */
export const engine: ReadonlySignal<EngineState> = current

let phases: Record<string, number> = {}
let refusals: Refusal[] = []
let begun = 0

const startWorker = (): Worker =>
  new Worker(new URL('../workers/classifier-worker.ts', import.meta.url), {
    type: 'module',
    name: 'classifier',
  })

/** Each phase lasts until the next begins. */
function clock(): (progress: Progress) => void {
  let phase: string | undefined
  return (progress) => {
    if (progress.phase === phase) return
    const now = performance.now()
    if (phase !== undefined) phases = { ...phases, [phase]: now - begun }
    phase = progress.phase
    begun = now
  }
}

/** What the SDK is to load for `choice`; undefined while it needs a file that is not there. */
function sourceOf({ model }: Choice, file: File | undefined): ClassifierOptions['model'] | undefined {
  switch (model) {
    case 'file':
      return file
    case 'fashion-mnist':
      return new URL('./models/fashion-mnist.folded.safetensors', document.baseURI).href
    default:
      return model
  }
}

function publish(): void {
  current.value = { ...session.getState(), choice: choice.peek(), phases, refusals }
}

session.subscribe(publish)
effect(() => {
  const wanted = choice.value
  const model = sourceOf(wanted, checkpointFile.value)
  phases = {}
  refusals = []
  const { threads, storage } = wanted
  session.open<WorkerClassifierOptions>(
    model !== undefined && {
      create: createWorkerClassifier,
      worker: startWorker,
      model,
      storage,
      warmUp: true,
      backend: wanted.backend === 'wasm' ? { name: 'wasm', threads } : wanted.backend,
      onProgress: clock(),
      onRefusal: (refusal: Refusal) => {
        refusals = [...refusals, refusal]
      },
      key: `${wanted.model} ${storage} ${wanted.backend} ${threads} ${checkpointFile.value?.name} ${checkpointFile.value?.lastModified}`,
    },
  )
  publish()
})

/** Load once more, after an error. */
export const reloadEngine = (): void => session.reload()

/** The error of loading, if that is the state. */
export const engineError = (): MobileOneError | undefined => current.value.error
