import { randomBytes } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { MobileOneError } from '@mobileone/core'

/**
 * Write `bytes` to `path` so that a reader sees the old file or the whole new one: into a temporary file beside it, then
 * renamed over it.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw new MobileOneError('invalid-argument', `cannot write ${path}: ${(cause as Error).message}`, {
      cause,
    })
  }
}

/** @throws MobileOneError `invalid-file` when nothing is at `path`. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (cause) {
    throw new MobileOneError('invalid-file', `there is no file or folder ${path}`, { cause })
  }
}
