/** How large files are on the wire. */
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

export interface FileSize {
  readonly name: string
  /** As it is; with gzip at level 9; with brotli at quality 11, the most that either does. */
  readonly bytes: number
  readonly gzipBytes: number
  readonly brotliBytes: number
}

const known = new Map<string, Promise<Omit<FileSize, 'name'>>>()

/** The sizes of the file `path`, which is read and compressed once. */
export async function fileSize(name: string, path: string): Promise<FileSize> {
  const sizes = known.get(path) ?? sizesOf(readFileSync(path))
  known.set(path, sizes)
  return { name, ...(await sizes) }
}

async function sizesOf(bytes: Uint8Array): Promise<Omit<FileSize, 'name'>> {
  const [gzipped, brotli] = await Promise.all([
    promisify(gzip)(bytes, { level: 9 }),
    promisify(brotliCompress)(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
  ])
  return { bytes: bytes.length, gzipBytes: gzipped.length, brotliBytes: brotli.length }
}
