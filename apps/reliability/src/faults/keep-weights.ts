/** `keep-weights.mjs <url> <cache> [offline]`: download into a cache and tell how it went, as a program that can be killed or put on a full disk. */
import { isMobileOneError } from '@mobileone/core'
import { fetchWeights, openDiskCache } from '@mobileone/hub'

/** What the program prints, as JSON. */
export interface Kept {
  readonly sha256?: string
  readonly fromCache?: boolean
  readonly code?: string
  readonly message?: string
  readonly warnings: readonly string[]
}

const [url = '', directory = '', offline] = process.argv.slice(2)
const warnings: string[] = []
process.on('warning', ({ message }) => warnings.push(`node: ${message}`))
const tell = (kept: Omit<Kept, 'warnings'>): void => console.log(JSON.stringify({ ...kept, warnings }))
try {
  const { sha256, fromCache } = await fetchWeights(url, {
    cache: await openDiskCache(directory),
    offline: offline === 'offline',
    retries: 1,
    retryDelayMs: 5,
    onWarning: (warning) => warnings.push(warning),
  })
  // What is closed only by the garbage collector is reported.
  ;(globalThis as { gc?: () => void }).gc?.()
  await new Promise((resolve) => setTimeout(resolve, 20))
  tell({ sha256, fromCache })
} catch (error) {
  if (!isMobileOneError(error)) throw error
  tell({ code: error.code, message: error.message })
}
