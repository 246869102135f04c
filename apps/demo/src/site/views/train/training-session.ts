import { computed, effect, type ReadonlySignal, signal } from '@preact/signals'
import { proxy, wrap } from 'comlink'
import '@mobileone/site-kit/comlink-errors'
import { trainingActivity } from '../../state/activity.ts'
import type { TrainingApi } from '../../workers/training-worker.ts'
import { formsOf } from './forms.ts'
import type { DataRequest } from './load-pictures.ts'
import type { PreparedData } from './prepared-data.ts'
import { defaultSettings, type Settings } from './settings.ts'
import { type RunState, TrainingRun } from './training-run.ts'

/** The pictures of the view. They and the runs stay while other views are shown. */
export type DataState =
  | { readonly status: 'none' }
  | { readonly status: 'loading'; readonly done: number; readonly total: number }
  | { readonly status: 'ready'; readonly data: PreparedData }
  | { readonly status: 'failed'; readonly message: string }

export const pictures = signal<DataState>({ status: 'none' })
export const settings = signal<Settings>(defaultSettings)

/** Runs that were started together, on the same pictures. */
export interface Session {
  readonly data: PreparedData
  readonly settings: Settings
  readonly runs: readonly TrainingRun[]
}
export const session = signal<Session | undefined>(undefined)

const isBusyStatus = (status: RunState['status']): boolean =>
  status === 'starting' || status === 'running' || status === 'pausing'

const statuses = computed(() => session.value?.runs.map(({ state }) => state.value.status) ?? [])
/** What all runs are together. */
export const phase: ReadonlySignal<'none' | 'running' | 'paused' | 'ended'> = computed(() => {
  if (statuses.value.length === 0) return 'none'
  if (statuses.value.some(isBusyStatus)) return 'running'
  return statuses.value.includes('paused') ? 'paused' : 'ended'
})
/** Whether something learned is there to be folded. */
export const canFold: ReadonlySignal<boolean> = computed(
  () =>
    phase.value !== 'running' &&
    (session.value?.runs.some(({ state: { value } }) => {
      const isWhole = value.status === 'paused' || value.status === 'done'
      return isWhole && !value.isFolding && value.result?.step !== value.step
    }) ??
      false),
)

effect(() => {
  const runs = session.value?.runs ?? []
  const steps = runs.reduce((sum, run) => sum + run.steps, 0)
  const taken = runs.reduce((sum, { state }) => sum + state.value.step, 0)
  const isShown = phase.value === 'running' || phase.value === 'paused'
  trainingActivity.value = isShown
    ? { isPaused: phase.value === 'paused', fraction: taken / steps }
    : undefined
})

let loading: Worker | undefined

/** Read pictures in a worker that ends with it; another request takes the place of one under way. */
export async function loadData(request: DataRequest): Promise<void> {
  loading?.terminate()
  const worker = new Worker(new URL('../../workers/training-worker.ts', import.meta.url), {
    type: 'module',
    name: 'training-pictures',
  })
  loading = worker
  pictures.value = { status: 'loading', done: 0, total: 0 }
  let told = 0
  const onProgress = proxy((done: number, total: number) => {
    if (loading !== worker || performance.now() - told < 100) return
    told = performance.now()
    pictures.value = { status: 'loading', done, total }
  })
  const died = new Promise<never>((_, reject) => {
    worker.onerror = (event) => {
      event.preventDefault()
      reject(new Error('the worker that reads pictures has ended; reload the page and try again'))
    }
  })
  try {
    const data = await Promise.race([wrap<TrainingApi>(worker).load(request, onProgress), died])
    if (loading !== worker) return
    pictures.value = { status: 'ready', data }
    settings.value = { ...settings.peek(), mirror: data.mirror }
  } catch (error) {
    if (loading === worker) pictures.value = { status: 'failed', message: (error as Error).message }
  } finally {
    worker.terminate()
    if (loading === worker) loading = undefined
  }
}

/** Start what the settings say on the pictures; runs that are there end. */
export function startRuns(): void {
  const state = pictures.peek()
  if (state.status !== 'ready') return
  stopRuns()
  const { data } = state
  const chosen = settings.peek()
  const runs = formsOf(chosen).map((form) => new TrainingRun({ data, settings: chosen, form }))
  session.value = { data, settings: chosen, runs }
  for (const run of runs) void run.start()
}

const each = (act: (run: TrainingRun) => unknown): void => {
  for (const run of session.peek()?.runs ?? []) act(run)
}
export const pauseRuns = (): void => each((run) => run.pause())
export const resumeRuns = (): void => each((run) => run.resume())
export const stopRuns = (): void => each((run) => run.stop())

/** Fold one after the other: they are timed. */
export async function foldRuns(): Promise<void> {
  for (const run of session.peek()?.runs ?? []) await run.fold()
}
