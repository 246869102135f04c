/** The run of this page: there is one at a time, and it goes on while another page is shown. */
import { createPause, type Pause, type Report, type SubjectFacts } from '@mobileone/measure'
import { computed, type ReadonlySignal, signal } from '@preact/signals'
import { type MeasureProgress, measureHere } from '../../measure/measure-here.ts'
import { checkNetwork } from '../../measure/network-client.ts'
import { device } from '../../state/device.ts'
import { queryState } from '../../state/query.ts'
import { keepReport } from '../../state/reports.ts'
import { lanesOf, protocolOf, type RunChoice, runParameters } from './run-choice.ts'

const query = queryState(runParameters)
export const choice: ReadonlySignal<RunChoice> = query.values
export const choose: (changes: Partial<RunChoice>) => void = query.set

/** The visitor's network: its file, and what came of reading it. */
export interface OwnNetwork {
  readonly file: File
  /** Undefined while it is being read. */
  readonly found?: SubjectFacts | { readonly refusal: string }
}

const own = signal<OwnNetwork | undefined>(undefined)
/** The network `own`. */
export const ownNetwork: ReadonlySignal<OwnNetwork | undefined> = own

/** Take `file` for the network `own`, choose it, and read it; undefined leaves it out. Nothing happens during a run. Never rejects: what is wrong with it is in the state. */
export async function chooseOwn(file: File | undefined): Promise<void> {
  if (current) return
  own.value = file && { file }
  const others = choice.peek().networks.filter((name) => name !== 'own')
  choose({ networks: file ? [...others, 'own'] : others })
  if (!file) return
  const found = await checkNetwork({ network: 'own', batch: 1, file }).catch((error: Error) => ({
    refusal: error.message,
  }))
  if (own.peek()?.file === file) own.value = { file, found }
}

export type RunStatus = 'idle' | 'running' | 'paused' | 'done' | 'cancelled' | 'failed'

export interface RunState {
  readonly status: RunStatus
  readonly progress?: MeasureProgress | undefined
  /** What was measured so far, or in the end. */
  readonly report?: Report | undefined
  /** Of the reports that other pages show. */
  readonly reportId?: number | undefined
  readonly failure?: string | undefined
}

const state = signal<RunState>({ status: 'idle' })
export const run: ReadonlySignal<RunState> = state
/** Measuring, or held. */
export const isBusy: ReadonlySignal<boolean> = computed(() =>
  ['running', 'paused'].includes(state.value.status),
)

let current: { readonly stop: AbortController; readonly pause: Pause } | undefined

const change = (changes: Partial<RunState>): void => {
  state.value = { ...state.peek(), ...changes }
}

/** Measure what is chosen. Never rejects: what goes wrong is in the state. */
export async function start(): Promise<void> {
  if (current) return
  const { networks, size, batch, precision } = choice.peek()
  const stop = new AbortController()
  const pause = createPause()
  current = { stop, pause }
  state.value = { status: 'running' }
  // The computer would sleep in the middle; a browser may refuse.
  const awake = await navigator.wakeLock?.request('screen').catch(() => undefined)
  try {
    const { report, wasCancelled } = await measureHere({
      networks: networks.map((network) => ({
        network,
        size,
        batch,
        file: network === 'own' ? own.peek()?.file : undefined,
        int8: precision.includes('int8'),
      })),
      lanes: lanesOf(choice.peek(), device.peek()),
      protocol: protocolOf(choice.peek()),
      signal: stop.signal,
      pause,
      onProgress: (progress) => change({ progress }),
      onReport: (report) => change({ report }),
    })
    const hasResults = report.results.length > 0
    change({
      status: wasCancelled ? 'cancelled' : 'done',
      report,
      reportId: hasResults ? keepReport(report, titleOf(report, wasCancelled)) : undefined,
    })
  } catch (error) {
    change({ status: 'failed', failure: (error as Error).message })
  } finally {
    current = undefined
    await awake?.release().catch(() => {})
  }
}

/** Hold it after the turn that runs. */
export function hold(): void {
  if (!current) return
  current.pause.pause()
  change({ status: 'paused' })
}

export function goOn(): void {
  if (!current) return
  current.pause.resume()
  change({ status: 'running' })
}

/** End it; what was measured is kept. */
export function cancel(): void {
  current?.stop.abort()
}

function titleOf({ date }: Report, wasCancelled: boolean): string {
  const time = new Date(date).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
  return `This browser, ${time}${wasCancelled ? ', cancelled' : ''}`
}

// A run is lost with the page.
addEventListener('beforeunload', (event) => {
  if (current) event.preventDefault()
})
