import { isMobileOneError, type Progress, type Variant, variants } from '@mobileone/core'
import {
  benchmark,
  type ProtocolName,
  prepareSubject,
  protocol,
  type Report,
  type Result,
  randomDeployModel,
  type Skipped,
  type Subject,
} from '@mobileone/measure'
import { lineup } from '../lineup.ts'
import { type Chosen, readChoices, showChoices } from './choices.ts'
import { byId } from './dom.ts'
import { browserName, describeDevice, showEnvironment } from './environment.ts'
import { frameLane, openFramePeaks, subjectAddresses } from './frames.ts'
import { showResults } from './results.ts'

declare const packageVersions: Readonly<Record<string, string>>

const runButton = byId<HTMLButtonElement>('run')
const downloadButton = byId<HTMLButtonElement>('download')
let running: AbortController | undefined
let latest: Report | undefined

showChoices()
showEnvironment([])

byId('setup').addEventListener('submit', (event) => {
  event.preventDefault()
  if (running) running.abort()
  else void start(readChoices())
})
downloadButton.addEventListener('click', () => {
  if (!latest) return
  const url = URL.createObjectURL(
    new Blob([JSON.stringify(latest, undefined, 1)], { type: 'application/json' }),
  )
  const link = document.createElement('a')
  link.href = url
  link.download = `mobileone-benchmark-${latest.date.slice(0, 19).replaceAll(':', '-')}.json`
  link.click()
  URL.revokeObjectURL(url)
})

async function start(chosen: Chosen): Promise<void> {
  if (chosen.variants.length * chosen.contenders.length * chosen.threads.length === 0) {
    showPhase({ phase: 'Choose at least one network, one contender and one number of threads', done: 0 })
    return
  }
  running = new AbortController()
  runButton.textContent = 'Stop'
  downloadButton.disabled = true
  byId('setup').classList.add('running')
  try {
    await measure(chosen, running.signal)
    showPhase({ phase: 'Done', done: 1, total: 1 })
  } catch (error) {
    const stopped = isMobileOneError(error) && error.code === 'aborted'
    showPhase({ phase: stopped ? 'Stopped' : `Failed: ${(error as Error).message}`, done: 0 })
  } finally {
    running = undefined
    runButton.textContent = 'Run'
    downloadButton.disabled = latest === undefined
    byId('setup').classList.remove('running')
  }
}

async function measure(chosen: Chosen, signal: AbortSignal): Promise<void> {
  const rounds = protocol(chosen.protocol as ProtocolName, { runs: chosen.runs })
  const files = subjectAddresses()
  const results: Result[] = []
  const skipped: Skipped[] = []
  const date = new Date().toISOString()
  const draft: Report = {
    date,
    machine: describeDevice(),
    versions: { browser: browserName(), userAgent: navigator.userAgent, ...packageVersions },
    protocol: rounds,
    peakGflops: 0,
    peaks: [],
    results,
    skipped,
  }
  const show = (report: Report): void => {
    showResults(byId('results'), report)
    showEnvironment(report.peaks)
  }
  const peaks = await openFramePeaks(chosen.threads)
  try {
    const measured = await benchmark({
      subjects: subjects(chosen.variants as Variant[], signal),
      lanes: lineup
        .filter(({ name }) => chosen.contenders.includes(name))
        .flatMap((entry) => chosen.threads.map((threads) => frameLane(entry, threads, files))),
      peaks: peaks.lanes,
      protocol: rounds,
      onProgress: showPhase,
      onResult: (result) => {
        results.push(result)
        show(draft)
      },
      onSkipped: (entry) => {
        skipped.push(entry)
        show(draft)
      },
      signal,
    })
    latest = { ...draft, ...measured, peakGflops: measured.peaks[0]?.gflops ?? 0 }
    show(latest)
  } finally {
    files.revoke()
    await peaks.close()
  }
}

async function* subjects(names: readonly Variant[], signal: AbortSignal): AsyncGenerator<Subject> {
  for (const variant of names) {
    showPhase({ phase: `${variant}: reference`, done: 0 })
    await new Promise((resolve) => setTimeout(resolve, 50))
    yield await prepareSubject(variant, randomDeployModel(variants[variant]), signal)
  }
}

function showPhase({ phase, done, total }: Progress): void {
  byId('phase').textContent = total && total > 1 ? `${phase}, ${done + 1} of ${total}` : phase
  const bar = byId<HTMLProgressElement>('bar')
  if (total) bar.value = done / total
  else if (phase === 'Stopped' || phase.startsWith('Choose') || phase.startsWith('Failed')) bar.value = 0
  else bar.removeAttribute('value')
}
