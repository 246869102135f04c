import '../../workers/comlink-errors.ts'
import { type Remote, wrap } from 'comlink'
import type { TeachApi } from '../../workers/teach-worker.ts'

let started: Remote<TeachApi> | undefined

/** The worker that shrinks pictures, fits heads and makes files; it lives as long as the page, with what was taught. */
export function teachWorker(): Remote<TeachApi> {
  started ??= wrap<TeachApi>(
    new Worker(new URL('../../workers/teach-worker.ts', import.meta.url), { type: 'module', name: 'teach' }),
  )
  return started
}
