import { isMobileOneError, MobileOneError } from '@mobileone/core'
import type { Downloaded, DownloadJob } from './download-job.ts'
import { DownloadTask } from './download-task.ts'
import { AttemptFailure, retryDelay, sleep } from './retry.ts'

/**
 * Download one file, trying again and continuing where it broke off. `current`: the copy at hand is the file.
 * @throws MobileOneError `network`, `integrity` or `invalid-file`; the signal's reason when it aborts.
 */
export async function download(job: DownloadJob): Promise<Downloaded | 'current'> {
  const task = new DownloadTask(job)
  try {
    await task.pickUp()
    for (let retry = 0; ; ) {
      job.signal.throwIfAborted()
      try {
        const result = await task.attempt()
        if (result !== 'again') return result
      } catch (error) {
        job.signal.throwIfAborted()
        const failure = await judge(error, task)
        if (!failure.retry || retry >= job.retries) throw giveUp(failure, retry)
        retry++
        const delay = retryDelay(retry, job.retryDelayMs, failure.retryAfterMs)
        job.onWarning(
          `${failure.message}. Retry ${retry} of ${job.retries} in ${(delay / 1000).toFixed(1)} s`,
        )
        await sleep(delay, job.signal)
      }
    }
  } finally {
    await task.close()
  }
}

/** A wrong file is thrown away; one pieced together from several responses is worth a fresh start. */
async function judge(error: unknown, task: DownloadTask): Promise<AttemptFailure> {
  if (error instanceof AttemptFailure) return error
  if (!isMobileOneError(error)) throw error
  const retry = error.code === 'integrity' && task.pieced
  await task.restart()
  return new AttemptFailure(error, { retry })
}

function giveUp(failure: AttemptFailure, retries: number): MobileOneError {
  if (retries === 0) return failure.error
  const { code, message, cause } = failure.error
  return new MobileOneError(code, `${message} (gave up after ${retries + 1} attempts)`, { cause })
}
