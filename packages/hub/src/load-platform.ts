import { MobileOneError } from '@mobileone/core'
import { browserPlatform } from './browser/platform.ts'
import type { Platform } from './platform.ts'

/** Node's platform where Node's modules can be had, else the browser's. */
export async function loadPlatform(): Promise<Platform> {
  const node = globalThis.process as typeof globalThis.process | undefined
  if (!node?.versions?.node) return browserPlatform
  if (typeof node.getBuiltinModule !== 'function') {
    throw new MobileOneError(
      'unsupported',
      `Node ${node.versions.node} is too old to fetch weights; use Node 20.19 or later`,
    )
  }
  return (await import('./node/platform.ts')).nodePlatform
}
