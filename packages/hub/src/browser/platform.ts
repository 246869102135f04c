import { MobileOneError } from '@mobileone/core'
import { sha256 as incrementalSha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { WeightCache } from '../cache.ts'
import type { Platform, Sha256 } from '../platform.ts'
import { cacheStorageCache } from './cache-storage.ts'

export const browserPlatform: Platform = {
  name: 'browser',
  env: () => undefined,
  createSha256(): Sha256 {
    const hash = incrementalSha256.create()
    return {
      update: (chunk) => void hash.update(chunk),
      hex: () => bytesToHex(hash.digest()),
    }
  },
  async sha256(bytes: Uint8Array): Promise<string> {
    const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined
    if (!subtle) return bytesToHex(incrementalSha256(bytes))
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
