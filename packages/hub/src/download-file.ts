import { isMobileOneError, MobileOneError } from '@mobileone/core'
import type { Downloaded, DownloadRequest } from './download-request.ts'
import { ResumableDownload } from './resumable-download.ts'
import { AttemptFailure, retryDelay, sleep } from './retry.ts'

/**
 * Download one file, trying again and continuing where it broke off. `current`: the cached copy is the file.
 * @throws MobileOneError `network`, `integrity` or `invalid-file`; the signal's reason when it aborts.
 */
export async function downloadFile(request: DownloadRequest): Promise<Downloaded | 'current'> {
  const download = new ResumableDownload(request)
  try {
    await download.resume()
    let told: string | undefined
    for (let retry = 0; ; ) {
      request.signal.throwIfAborted()
      try {
        const result = await download.attempt()
        if (result !== 'again') return result
      } catch (error) {
        request.signal.throwIfAborted()
        const failure = await toFailure(error, download)
        const isUseless = request.current?.mayServe === true && !download.hasBegun
        if (!failure.retry || isUseless || retry >= request.retries) throw giveUp(failure, retry)
        retry++
        const delay = retryDelay(retry, request.retryDelayMs, failure.retryAfterMs)
        const what = failure.brief === told ? `${request.label}: the same again` : failure.brief
        told = failure.brief
        request.onWarning(`${what}. Retry ${retry} of ${request.retries} in ${(delay / 1000).toFixed(1)} s`)
        await sleep(delay, request.signal)
      }
    }
  } finally {
    await download.close()
  }
}

/** A wrong file is thrown away; one pieced together from several responses is worth a fresh start. */
async function toFailure(error: unknown, download: ResumableDownload): Promise<AttemptFailure> {
  if (error instanceof AttemptFailure) return error
  if (!isMobileOneError(error)) throw error
  const retry = error.code === 'integrity' && download.isPieced
  await download.restart()
  return new AttemptFailure(error, { retry })
}

function giveUp(failure: AttemptFailure, retries: number): MobileOneError {
  if (retries === 0) return failure.error
  const { code, message, cause } = failure.error
  return new MobileOneError(code, `${message} (gave up after ${retries + 1} attempts)`, { cause })
}
