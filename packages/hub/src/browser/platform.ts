import { MobileOneError } from '@mobileone/core'
import { sha256 as incrementalSha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { WeightCache } from '../cache.ts'
import { inSlices } from '../in-slices.ts'
import type { Pace, Platform } from '../platform.ts'
import { cacheStorageCache } from './cache-storage.ts'

/** About 3 ms of work in JavaScript. */
const sliceBytes = 2 ** 18

export const browserPlatform: Platform = {
  name: 'browser',
  env: () => undefined,
  async sha256(bytes: Uint8Array, pace: Pace): Promise<string> {
    const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined
    if (!subtle) {
      const hash = incrementalSha256.create()
      await inSlices(bytes, sliceBytes, pace, (slice) => hash.update(slice))
      return bytesToHex(hash.digest())
    }
    return bytesToHex(new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)))
  },
  defaultCache(): { cache: WeightCache } | { reason: string } {
    if (typeof caches !== 'undefined') return { cache: cacheStorageCache() }
    const secure = globalThis.isSecureContext !== false
    return {
      reason: secure
        ? 'this environment has no Cache API'
        : 'the Cache API needs a secure page; serve it over https or from localhost',
    }
  },
  toPath: () => undefined,
  isFile: async () => false,
  async readFile(path: string): Promise<never> {
    throw new MobileOneError('unsupported', `cannot read the file ${path} here; pass a File or a URL`)
  },
  seesRedirects: false,
  sendsAnyHeader: false,
}
