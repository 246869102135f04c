/** The studies of this visit: one is measured at a time, and goes on while another page is shown. */
import { createPause, type Pause, parseReport, protocol, type Report } from '@mobileone/measure'
import {
  type StudyName,
  type StudyNetwork,
  type StudyProgress,
  studies,
  studyNames,
} from '@mobileone/measure/studies'
import { computed, type ReadonlySignal, signal } from '@preact/signals'
import { gpuLineup, lineup } from '../../../lineup.ts'
import type { LaneRequest } from '../../measure/frames.ts'
import { measureStudy } from '../../measure/measure-study.ts'
import { device } from '../../state/device.ts'
import { listOf, oneOf, queryState } from '../../state/query.ts'
import { keepReport } from '../../state/reports.ts'

/** Who can be measured in a page. */
export const studyEntries = [...lineup, ...gpuLineup].filter(({ runtimes }) => runtimes.includes('chromium'))

const everyId = [...new Set(studyNames.flatMap((name) => studies[name].networks().map(({ id }) => id)))]

/** `study-networks` names networks of the study; none named means those of the extent. */
const query = queryState({
  'study-extent': oneOf(['quick', 'whole'], 'quick'),
  'study-with': listOf(
    studyEntries.map(({ name }) => name),
    ['mobileone-wasm', 'ort-wasm'],
  ),
  'study-networks': listOf(everyId, []),
})

export interface StudyChoiceState {
  readonly extent: 'quick' | 'whole'
  readonly contenders: readonly string[]
  /** Of the study's networks, only these; empty for those of the extent. */
  readonly only: readonly string[]
}

export const choice: ReadonlySignal<StudyChoiceState> = computed(() => {
  const values = query.values.value
  return {
    extent: values['study-extent'] as 'quick' | 'whole',
    contenders: values['study-with'],
    only: values['study-networks'],
  }
})

export function choose({ extent, contenders, only }: Partial<StudyChoiceState>): void {
  query.set({
    ...(extent && { 'study-extent': extent }),
    ...(contenders && { 'study-with': contenders }),
    ...(only && { 'study-networks': only }),
  })
}

/** What of a study is to be measured. */
export function chosenNetworks(name: StudyName, { extent, only }: StudyChoiceState): readonly StudyNetwork[] {
  const all = studies[name].networks()
  const named = all.filter(({ id }) => only.includes(id))
  return named.length > 0 ? named : studies[name].networks({ quick: extent === 'quick' })
}

/** Who measures it, on one thread; `noGpu` tells why there is no WebGPU, where there is none. */
export function lanesOf({ contenders }: StudyChoiceState, noGpu: string | undefined): readonly LaneRequest[] {
  return studyEntries
    .filter(({ name }) => contenders.includes(name))
    .map((entry) => ({ entry, threads: 1, refusal: entry.usesGpu ? noGpu : undefined }))
}

export type StudyStatus = 'idle' | 'running' | 'paused' | 'done' | 'cancelled' | 'failed'

export interface StudyRun {
  readonly status: StudyStatus
  readonly progress?: StudyProgress | undefined
  readonly report?: Report | undefined
  readonly failure?: string | undefined
}

const runs = signal<Readonly<Partial<Record<StudyName, StudyRun>>>>({})
let current: { readonly name: StudyName; readonly stop: AbortController; readonly pause: Pause } | undefined
const busy = signal<StudyName | undefined>(undefined)

/** The study that is measured now, or held. */
export const busyStudy: ReadonlySignal<StudyName | undefined> = busy

/** Of one study, what became of it. */
export function runOf(name: StudyName): StudyRun {
  return runs.value[name] ?? { status: 'idle' }
}

/** The report that a study reads: its own, or that of the study of the same networks. */
export function reportOf(name: StudyName): Report | undefined {
  const twin = name === 'zoo' ? 'predictors' : name === 'predictors' ? 'zoo' : undefined
  return runOf(name).report ?? (twin && runOf(twin).report)
}

function change(name: StudyName, changes: Partial<StudyRun>): void {
  runs.value = { ...runs.peek(), [name]: { ...(runs.peek()[name] ?? { status: 'idle' }), ...changes } }
}

/** Measure a study. Never rejects: what goes wrong is in its state. */
export async function start(name: StudyName): Promise<void> {
  if (current) return
  const chosen = choice.peek()
  const stop = new AbortController()
  const pause = createPause()
  current = { name, stop, pause }
  busy.value = name
  runs.value = { ...runs.peek(), [name]: { status: 'running' } }
  const awake = await navigator.wakeLock?.request('screen').catch(() => undefined)
  try {
    const { report, wasCancelled } = await measureStudy({
      networks: chosenNetworks(name, chosen),
      lanes: lanesOf(chosen, device.peek().noGpu),
      protocol: protocolOf(chosen),
      signal: stop.signal,
      pause,
      onProgress: (progress) => change(name, { progress }),
      onReport: (report) => change(name, { report }),
    })
    change(name, { status: wasCancelled ? 'cancelled' : 'done', report })
    if (report.results.length > 0) keepReport(report, titleOf(name, report, wasCancelled))
  } catch (error) {
    change(name, { status: 'failed', failure: (error as Error).message })
  } finally {
    current = undefined
    busy.value = undefined
    await awake?.release().catch(() => {})
  }
}

/** Show what a saved report says to a study: of this device or of another, of this page or of the terminal. */
export async function open(name: StudyName, file: Blob): Promise<void> {
  try {
    change(name, { status: 'done', report: parseReport(await file.text()), failure: undefined })
  } catch (error) {
    change(name, { status: 'failed', failure: (error as Error).message })
  }
}

/** Two sweeps make times of different networks comparable; a quick look has one. */
export function protocolOf({ extent }: Pick<StudyChoiceState, 'extent'>): Report['protocol'] {
  return protocol('default', extent === 'quick' ? { runs: 4, starts: 1 } : { runs: 10, starts: 2 })
}

/** Hold it after the turn that runs. */
export function hold(): void {
  if (!current) return
  current.pause.pause()
  change(current.name, { status: 'paused' })
}

export function goOn(): void {
  if (!current) return
  current.pause.resume()
  change(current.name, { status: 'running' })
}

/** End it; what was measured is kept. */
export function cancel(): void {
  current?.stop.abort()
}

function titleOf(name: StudyName, { date }: Report, wasCancelled: boolean): string {
  const time = new Date(date).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
  return `Study ${studies[name].title.toLowerCase()}, ${time}${wasCancelled ? ', cancelled' : ''}`
}

addEventListener('beforeunload', (event) => {
  if (current) event.preventDefault()
})
