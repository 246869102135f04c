import type { ClassifierOptions, MobileOneError, Progress, Refusal } from '@mobileone/sdk'
import { ClassifierSession, type ClassifierState } from '@mobileone/sdk/lifecycle'
import { type Classifier, createWorkerClassifier, type WorkerClassifierOptions } from '@mobileone/sdk/worker'
import { batch, effect, type ReadonlySignal, signal } from '@preact/signals'
import { type Choice, checkpointFile, choice, type ModelId, sameChoice } from './choice.ts'
import { type Download, DownloadMeter } from './download-meter.ts'
import { type LoadingClock, loadingClock, type PhaseTimes } from './loading-clock.ts'
import { isPublished, modelFacts } from './models.ts'
import { startClassifierWorker } from './start-worker.ts'
import { recordTrial } from './trials.ts'
import { watchLoss } from './watch-loss.ts'
import type { Kept } from './weight-cache.ts'

export type { PhaseTimes } from './loading-clock.ts'

/**
 * What the visitor has to do before the model of the choice loads: `download`, which has begun where `part` bytes are here; `file`,
 * choose one; `start`, after a cancelled load. `look` passes by itself: whether the weights are on this device is being found out.
 */
export type Need =
  | { readonly kind: 'look' | 'file' | 'start' }
  | { readonly kind: 'download'; readonly bytes: number; readonly part: number }

/** The one classifier that all views share. */
export type EngineState = ClassifierState & {
  /** What it is a classifier of. */
  readonly choice: Choice
  /** What the visitor reads: `MobileOne S0`, the name of the file. */
  readonly title: string
  readonly phases: PhaseTimes
  readonly refusals: readonly Refusal[]
  /** Of an `idle` engine, why it does nothing. */
  readonly need: Need | undefined
  /** What went wrong last and did not stop the load, such as a connection that broke. */
  readonly warning: string | undefined
}

/** What belongs to the model of the choice, from the moment it was chosen. */
interface Visit {
  readonly model: ModelId
  readonly file: File | undefined
  /** The visitor asked for the download. */
  mayDownload: boolean
  isHeld: boolean
  kept: Kept | undefined
  /** Looking in the cache a second time would find the same. */
  isSettled: boolean
}

/** What belongs to one load. */
interface Load {
  readonly choice: Choice
  readonly clock: LoadingClock
  refusals: readonly Refusal[]
  warning: string | undefined
  isTold: boolean
}

/** Milliseconds that running calls have to end before a worker is. */
const disposeLimitMs = 5000

const session = new ClassifierSession()
let visit = newVisit()
let load = newLoad()
let lost: MobileOneError | undefined
let meter = new DownloadMeter()
let ticking: ReturnType<typeof setInterval> | undefined
let given: { readonly raw: Classifier; readonly watched: Classifier } | undefined

const transfer = signal<Download | undefined>(undefined)
/** How far the download is, while there is one. */
export const download: ReadonlySignal<Download | undefined> = transfer

const current = signal<EngineState>(stateNow())
/** How far the classifier of the choice is. It follows every change of the choice by itself. */
export const engine: ReadonlySignal<EngineState> = current

function newVisit(): Visit {
  return {
    model: choice.peek().model,
    file: checkpointFile.peek(),
    mayDownload: false,
    isHeld: false,
    kept: undefined,
    isSettled: false,
  }
}

function newLoad(): Load {
  return {
    choice: choice.peek(),
    clock: loadingClock(),
    refusals: [],
    warning: undefined,
    isTold: false,
  }
}

/** What the SDK is to load for `model`. */
function sourceOf(model: ModelId, file: File | undefined): ClassifierOptions['model'] | undefined {
  switch (model) {
    case 'file':
      return file
    case 'fashion-mnist':
      return new URL('./models/fashion-mnist.folded.safetensors', document.baseURI).href
    default:
      return model
  }
}

function needNow(): Need | undefined {
  const { model, file, kept, mayDownload, isHeld } = visit
  if (model === 'file' && !file) return { kind: 'file' }
  if (isPublished(model) && !mayDownload) {
    if (!kept) return { kind: 'look' }
    if (!kept.isWhole) return { kind: 'download', bytes: modelFacts[model].download, part: kept.part }
  }
  return isHeld ? { kind: 'start' } : undefined
}

function stateNow(): EngineState {
  const state = session.getState()
  const { model, file } = visit
  const about = {
    choice: choice.peek(),
    title: model === 'file' ? (file?.name ?? modelFacts.file.title) : modelFacts[model].title,
    phases: load.clock.times,
    refusals: load.refusals,
    warning: load.warning,
    need: lost || state.status !== 'idle' ? undefined : needNow(),
  }
  if (lost) return { status: 'error', progress: undefined, classifier: undefined, error: lost, ...about }
  if (state.status !== 'ready') return { ...state, ...about }
  const raw = state.classifier
  if (given?.raw !== raw) given = { raw, watched: watchLoss(raw, (error) => lose(raw, error)) }
  return { ...state, ...about, classifier: given.watched }
}

function publish(): void {
  const state = stateNow()
  batch(() => {
    if (state.status !== 'loading' || state.progress?.phase !== 'download') stopMeter()
    current.value = state
  })
  if (state.status === 'ready') {
    if (visit.mayDownload) visit.kept = { isWhole: true, part: 0 }
    tell(state, state.classifier)
  }
  if (state.status === 'error') fail(state.error)
}

/** Note the times of a load that is over. */
function tell({ title }: EngineState, done: Classifier | undefined, failure?: string): void {
  if (load.isTold) return
  load.isTold = true
  recordTrial({
    choice: load.choice,
    title,
    features: done?.features ?? [],
    memory: done?.memory.bytes ?? 0,
    phases: load.clock.times,
    ...(failure !== undefined && { failure }),
  })
}

function fail({ code }: MobileOneError): void {
  const refusal = load.refusals[0]
  if (refusal) tell(current.peek(), undefined, refusal.reason)
  const isGone = code === 'unavailable' && !refusal && isPublished(visit.model) && !visit.mayDownload
  if (!isGone || visit.isSettled) return
  // The browser has thrown the weights away, or they were damaged.
  visit.isSettled = true
  visit.kept = undefined
  open()
}

/** The worker of a classifier has ended, or its GPU is gone: nothing of it is kept. */
function lose(raw: Classifier, error: MobileOneError): void {
  if (session.getState().classifier !== raw) return
  lost = error
  session.close()
}

/** A classifier in a worker of its own, whose first message says that it runs, and which ends even where it hangs. */
async function create(options: WorkerClassifierOptions): Promise<Classifier> {
  const worker = startClassifierWorker('classifier')
  load = newLoad()
  const { clock } = load
  worker.addEventListener('message', () => clock.started(), { once: true })
  const classifier = await createWorkerClassifier({ ...options, worker })
  const dispose = async (): Promise<void> => {
    const timer = setTimeout(() => worker.terminate(), disposeLimitMs)
    await classifier.dispose().finally(() => clearTimeout(timer))
  }
  return { ...classifier, dispose, [Symbol.asyncDispose]: dispose }
}

function onProgress({ phase, done, total }: Progress): void {
  load.clock.tell(phase)
  if (phase !== 'download') return
  // What follows the last byte is checking, keeping and parsing.
  if (done === total) load.clock.tell('read')
  meter.tell(done, total)
  if (ticking === undefined) {
    ticking = setInterval(readMeter, 250)
    readMeter()
  }
}

function readMeter(): void {
  transfer.value = meter.read()
}

function stopMeter(): void {
  clearInterval(ticking)
  ticking = undefined
  transfer.value = undefined
}

/** Have what the choice says, unless the visitor has to do something first. */
function open(): void {
  lost = undefined
  const { storage, backend, threads } = choice.peek()
  const { model, file, mayDownload } = visit
  const source = sourceOf(model, file)
  const need = needNow()
  if (need?.kind === 'look') void look(visit)
  if (need || source === undefined) session.close()
  else {
    session.open<WorkerClassifierOptions>({
      create,
      model: source,
      storage,
      warmUp: true,
      backend: backend === 'wasm' ? { name: 'wasm', threads } : backend,
      onProgress,
      onRefusal(refusal: Refusal) {
        load.refusals = [...load.refusals, refusal]
      },
      onWarning(warning: string) {
        load.warning = warning
        publish()
      },
      // The page's own files are kept by the browser; published weights are asked for once.
      ...(isPublished(model) ? { refresh: false, offline: !mayDownload } : { cache: false as const }),
    })
  }
  publish()
}

async function look(wanted: Visit): Promise<void> {
  const { keptOf } = await import('./weight-cache.ts')
  const kept = isPublished(wanted.model) ? await keptOf(wanted.model) : undefined
  if (wanted !== visit || wanted.kept) return
  wanted.kept = kept ?? { isWhole: false, part: 0 }
  open()
}

session.subscribe(publish)
let opened: Choice | undefined
effect(() => {
  const wanted = choice.value
  const file = checkpointFile.value
  const isOther = wanted.model !== visit.model || (wanted.model === 'file' && file !== visit.file)
  if (isOther) {
    visit = newVisit()
    meter = new DownloadMeter()
  }
  if (!isOther && opened && sameChoice(opened, wanted)) publish()
  else open()
  opened = wanted
})

/** Download the weights that {@link EngineState.need} names; what is here of them already is not asked for again. */
export function startDownload(): void {
  visit.mayDownload = true
  visit.isHeld = false
  open()
}

/** Stop loading. What has been downloaded stays for the next try. */
export function cancelLoad(): void {
  const { phase = 'download' } = session.getState().progress ?? {}
  const isDownload = phase === 'download' && visit.mayDownload && !visit.kept?.isWhole
  if (isDownload) {
    visit.mayDownload = false
    visit.kept = { isWhole: false, part: Math.max(meter.read().done, visit.kept?.part ?? 0) }
  } else visit.isHeld = true
  open()
}

/** Load once more: after an error, a cancelled load or a download from which nothing comes. */
export function reloadEngine(): void {
  visit.isHeld = false
  visit.isSettled = false
  if (!visit.mayDownload) visit.kept = undefined
  session.close()
  open()
}

/** Look at the cache anew, after it was emptied; a classifier that runs goes on. */
export function forgetKept(): void {
  visit.mayDownload = false
  visit.kept = undefined
  meter = new DownloadMeter()
  if (session.getState().status !== 'ready') open()
}
