import { lstat, realpath, stat } from 'node:fs/promises'
import { MobileOneError } from '@mobileone/core'

/** What lies where something is to be written. */
export type OutputPlace =
  | { readonly kind: 'free'; readonly path: string }
  /** `path` has no symbolic link at its end. */
  | { readonly kind: 'file' | 'folder'; readonly path: string; readonly owned: Ownership }
  /** A pipe or a character device: bytes go into it, and it stays. */
  | { readonly kind: 'stream'; readonly path: string }

/** What a file keeps when its contents are replaced. */
export interface Ownership {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/**
 * Look at `path` before it is written. A symbolic link leads on where it is the user's own (or the system's) and something is at
 * its end; it stays a link.
 * @throws MobileOneError `invalid-argument` for links of others and links to nothing, block devices and sockets.
 */
export async function findOutputPlace(path: string): Promise<OutputPlace> {
  const refuse = (what: string): never => {
    throw new MobileOneError(
      'invalid-argument',
      `${path} is ${what}, so it is not written; choose another path`,
    )
  }
  const here = await lstat(path).catch(() => undefined)
  if (!here) return { kind: 'free', path }
  const isLink = here.isSymbolicLink()
  if (isLink && !isTrusted(here.uid)) refuse('a symbolic link of another user')
  const found = isLink ? await stat(path).catch(() => undefined) : here
  if (!found) return refuse('a symbolic link to nothing')
  if (found.isFIFO() || found.isCharacterDevice()) return { kind: 'stream', path }
  if (!found.isFile() && !found.isDirectory()) {
    refuse(found.isBlockDevice() ? 'a block device' : 'neither a file nor a folder')
  }
  const { mode, uid, gid } = found
  return {
    kind: found.isFile() ? 'file' : 'folder',
    path: isLink ? await realpath(path) : path,
    owned: { mode: mode & 0o777, uid, gid },
  }
}

function isTrusted(uid: number): boolean {
  return process.getuid === undefined || uid === process.getuid() || uid === 0
}

/** The error of a place that cannot be written. */
export function cannotWrite(path: string, cause: unknown): MobileOneError {
  // Of a temporary file beside `path`, whose name says nothing to the user.
  const reason = (cause as Error).message.replace(/, \w+( '.*)?$/s, '')
  return new MobileOneError('invalid-argument', `cannot write ${path}: ${reason}`, { cause })
}
