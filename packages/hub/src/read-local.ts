import { blobBytes, MobileOneError, throwIfAborted } from '@mobileone/core'
import { hashFile } from './hash-file.ts'
import { checkSha256 } from './integrity.ts'
import { checkSize } from './limits.ts'
import type { FetchedWeights, FetchWeightsOptions } from './options.ts'
import type { Platform } from './platform.ts'
import type { ResolvedSource } from './resolve-source.ts'

/** Read weights that need no network: bytes as they are, a Blob, a file. Nothing is cached. */
export async function readLocal(
  source: Exclude<ResolvedSource, { kind: 'url' }>,
  how: {
    readonly options: FetchWeightsOptions
    readonly pin: string | undefined
    readonly platform: Platform
    readonly maxBytes: number
  },
): Promise<FetchedWeights> {
  const { options, pin, platform, maxBytes } = how
  const { name, bytes } = await read(source, options, platform, maxBytes)
  throwIfAborted(options.signal, `reading ${name}`)
  const isSpared = options.hash === false && pin === undefined
  const sha256 = isSpared ? '' : await hashFile(bytes, name, platform, options)
  if (!isSpared) checkSha256(name, 'the one asked for is', pin, sha256)
  return { bytes, source: name, sha256, fromCache: false, cached: undefined }
}

async function read(
  source: Exclude<ResolvedSource, { kind: 'url' }>,
  options: FetchWeightsOptions,
  platform: Platform,
  maxBytes: number,
): Promise<{ name: string; bytes: Uint8Array }> {
  const onRead = (done: number, total: number): void => options.onProgress?.({ phase: 'read', done, total })
  switch (source.kind) {
    case 'bytes':
      checkSize('the array', source.bytes.length, maxBytes)
      return { name: 'bytes', bytes: source.bytes }
    case 'blob': {
      const { blob, name } = source
      checkSize(name, blob.size, maxBytes)
      const bytes = new Uint8Array(await readBlob(blob, name))
      onRead(bytes.length, blob.size)
      return { name, bytes }
    }
    case 'file': {
      const { signal } = options
      return { name: source.path, bytes: await platform.readFile(source.path, { maxBytes, signal, onRead }) }
    }
    default:
      throw source satisfies never
  }
}

async function readBlob(blob: Blob, name: string): Promise<ArrayBuffer> {
  try {
    return await blobBytes(blob)
  } catch (cause) {
    throw new MobileOneError(
      'invalid-file',
      `${name} cannot be read any more (${(cause as Error).message}); choose the file again`,
      { cause },
    )
  }
}
