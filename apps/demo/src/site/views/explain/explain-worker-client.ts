import { type Remote, wrap } from 'comlink'
import type { ExplainApi } from '../../workers/explain-worker.ts'

let worker: Worker | undefined
let api: Remote<ExplainApi> | undefined

/** The worker of this view, started when it is first needed. */
export function explainWorker(): Remote<ExplainApi> {
  if (!api) {
    worker = new Worker(new URL('../../workers/explain-worker.ts', import.meta.url), {
      type: 'module',
      name: 'explain',
    })
    api = wrap<ExplainApi>(worker)
  }
  return api
}

/** End it, with what it is doing. */
export function stopExplainWorker(): void {
  worker?.terminate()
  worker = api = undefined
}
