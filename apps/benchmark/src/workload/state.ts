/** What the page of the workload shows, and the suite it answers a runner with. */
import { isMobileOneError } from '@mobileone/core'
import type { Prediction } from '@mobileone/sdk'
import { type ReadonlySignal, signal } from '@preact/signals'
import { answerRunner, type SuiteResult } from './answer-runner.ts'
import { classificationSuite } from './classification.ts'
import { runnerOptions, type WorkloadOptions, workloadOptions } from './options.ts'
import { suiteName } from './suites.ts'

export type WorkloadState =
  | { readonly phase: 'preparing' | 'ready' }
  | { readonly phase: 'running'; readonly done: number; readonly total: number }
  | { readonly phase: 'done'; readonly result: SuiteResult }
  | { readonly phase: 'failed'; readonly reason: string }

/** The name and the version by which a runner knows this page. */
export const workloadName = 'mobileone-image-classification'
export const workloadVersion = '1.0.0'

const options = workloadOptions(location.search)
const current = signal<WorkloadState>({ phase: 'preparing' })
const seen = signal<readonly Prediction[]>([])

/** As the address states them. */
export const chosen: WorkloadOptions = options
export const state: ReadonlySignal<WorkloadState> = current
/** What the last step gave. */
export const predictions: ReadonlySignal<readonly Prediction[]> = seen
/** Whether another page shows this one, to measure it. */
export const isFramed: boolean = parent !== window

/** Prepare the model, then tell the runner that this page is ready. */
export async function startWorkload(): Promise<void> {
  const suite = classificationSuite(options, (given) => {
    seen.value = given
  })
  await suite.prepare()
  answerRunner({
    name: workloadName,
    version: workloadVersion,
    suites: { [suiteName]: suite },
    parameters: runnerOptions(location.search),
    onStep: (done, total) => {
      current.value = { phase: 'running', done, total }
    },
    onResult: (result) => {
      current.value = { phase: 'done', result }
    },
    onError: (error) => {
      console.error(error)
      const code = isMobileOneError(error) ? `${error.code}: ` : ''
      current.value = { phase: 'failed', reason: `${code}${error.message}` }
    },
  })
  current.value = { phase: 'ready' }
}

/** Ask for the suite as a runner does; the page answers once, and is loaded anew to be measured again. */
export function measureHere(): void {
  const id = `${workloadName}-${workloadVersion}`
  window.postMessage({ id, key: 'benchmark-connector', type: 'benchmark-suite', name: suiteName }, '*')
}
