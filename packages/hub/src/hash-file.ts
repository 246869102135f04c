import { createPacer, type OnProgress } from '@mobileone/core'
import type { Platform } from './platform.ts'

/**
 * The sha-256 of a file at hand, as 64 lower-case hex digits. Hashing that takes long leaves the thread to others every few
 * milliseconds and reports the phase `verify`.
 * @throws MobileOneError `aborted`.
 */
export async function hashFile(
  bytes: Uint8Array,
  label: string,
  platform: Platform,
  callbacks: { readonly signal?: AbortSignal | undefined; readonly onProgress?: OnProgress | undefined },
): Promise<string> {
  const pace = createPacer(callbacks.signal, `checking ${label}`)
  let reported = performance.now()
  return platform.sha256(bytes, async (done) => {
    await pace()
    if (performance.now() - reported < reportEveryMs) return
    reported = performance.now()
    callbacks.onProgress?.({ phase: 'verify', done, total: bytes.length })
  })
}

const reportEveryMs = 50
