import { type ErrorCode, MobileOneError } from '@mobileone/core'
import { type Remote, wrap } from 'comlink'
import type { CheckpointApi } from '../../workers/checkpoint-worker.ts'
import type { Settled } from './checkpoint-facts.ts'

/** A worker that holds one model. */
export interface CheckpointWorker {
  readonly api: Remote<CheckpointApi>
  /** Rejects when the worker has failed to start or has ended for want of memory. */
  readonly failed: Promise<never>
  end(): void
}

export function startCheckpointWorker(): CheckpointWorker {
  const worker = new Worker(new URL('../../workers/checkpoint-worker.ts', import.meta.url), {
    type: 'module',
    name: 'checkpoint',
  })
  const failed = new Promise<never>((_, reject) => {
    worker.onerror = (event) => {
      event.preventDefault()
      const what = event.message || 'its code could not be loaded'
      reject(
        new MobileOneError('unavailable', `the worker that reads files has ended: ${what}; reload the page`),
      )
    }
  })
  failed.catch(() => {})
  return { api: wrap<CheckpointApi>(worker), failed, end: () => worker.terminate() }
}

/**
 * The value that `answer` of `worker` brings.
 * @throws MobileOneError that the worker met.
 */
export async function settledBy<Value>(
  { failed }: CheckpointWorker,
  answer: Promise<Settled<Value>>,
): Promise<Value> {
  const settled = await Promise.race([answer, failed])
  if (settled.ok) return settled.value
  const { code, message } = settled
  if (code !== 'memory') throw new MobileOneError(code as ErrorCode, message)
  throw new MobileOneError(
    'unavailable',
    'there is not enough memory in this tab; close others, or use the mobileone command instead',
  )
}
