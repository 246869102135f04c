import '@mobileone/site-kit/comlink-errors'
import { type ReadonlySignal, signal } from '@preact/signals'
import { type Remote, wrap } from 'comlink'
import type { TeachApi } from '../../workers/teach-worker.ts'

let started: Remote<TeachApi> | undefined
const failed = signal(false)
/** The worker could not be loaded or has ended: what it was asked for never comes. */
export const hasWorkerFailed: ReadonlySignal<boolean> = failed

/** The worker that shrinks pictures, fits heads and makes files; it lives as long as the page, with what was taught. */
export function teachWorker(): Remote<TeachApi> {
  if (started) return started
  const worker = new Worker(new URL('../../workers/teach-worker.ts', import.meta.url), {
    type: 'module',
    name: 'teach',
  })
  worker.addEventListener('error', () => {
    failed.value = true
  })
  started = wrap<TeachApi>(worker)
  return started
}
