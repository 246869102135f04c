import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import {
  type ExportedFile,
  type ExportedFiles,
  isMobileOneError,
  MobileOneError,
  throwIfAborted,
} from '@mobileone/core'
import { cannotWrite, findOutputPlace, type Ownership } from './output-place.ts'
import { removeStale, temporaryBeside } from './temporary.ts'
import { writeFolderAtomic } from './write-folder.ts'

/**
 * Write `bytes` to `path` so that a reader sees the old file or the whole new one: into a temporary file beside it, then
 * renamed over it; what processes that were killed left there is removed. A file that is replaced keeps its owner and its permissions,
 * a symbolic link leads to what is replaced, and pipes and character devices are written into.
 * @param signal Until the new file is in its place, ends the writing without a trace.
 * @throws MobileOneError `invalid-argument` where it cannot be written, `aborted`.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  const place = await findOutputPlace(path)
  if (place.kind === 'folder') {
    throw new MobileOneError('invalid-argument', `${path} is a folder; name the file to write in it`)
  }
  const isStream = place.kind === 'stream'
  const target = isStream ? path : await temporaryBeside(place.path)
  if (!isStream) await removeStale(place.path)
  try {
    throwIfAborted(signal, `writing ${path}`)
    const file = await open(target, isStream ? 'w' : 'wx')
    try {
      if (place.kind === 'file') await own(file, place.owned)
      await file.writeFile(bytes)
      if (!isStream) await file.sync()
    } finally {
      await file.close()
    }
    if (isStream) return
    throwIfAborted(signal, `writing ${path}`)
    await rename(target, place.path)
  } catch (cause) {
    if (!isStream) await rm(target, { force: true }).catch(() => {})
    throw isMobileOneError(cause) ? cause : cannotWrite(path, cause)
  }
}

async function own(file: FileHandle, { mode, uid, gid }: Ownership): Promise<void> {
  await file.chmod(mode)
  // Only the superuser may give a file away; for others it stays their own, as any new file.
  await file.chown(uid, gid).catch(() => {})
}

export interface WrittenExport {
  /** Of the file or folder that was asked for. */
  readonly bytes: number
  /** The paths of the files beside it, by their ending without the dot. */
  readonly beside: Readonly<Record<string, string>>
}

/** Write what an exporter made for the file or folder `output`, each part whole or not at all. */
export async function writeExported(
  output: string,
  files: ExportedFiles,
  signal?: AbortSignal,
): Promise<WrittenExport> {
  const name = basename(output)
  const prefix = `${name}/`
  const isOwn = ({ path }: ExportedFile): boolean => path === name || path.startsWith(prefix)
  const [first, ...others] = files.filter(isOwn)
  if (!first) throw new MobileOneError('invalid-argument', `the exporter wrote nothing for ${output}`)
  if (first.path === name) await writeFileAtomic(output, first.bytes, signal)
  else {
    const relative = ({ path, bytes }: ExportedFile): ExportedFile => ({
      path: path.slice(prefix.length),
      bytes,
    })
    await writeFolderAtomic(output, [relative(first), ...others.map(relative)], signal)
  }
  const beside: Record<string, string> = {}
  for (const { path, bytes } of files.filter((file) => !isOwn(file))) {
    const place = output.slice(0, -name.length) + path
    await writeFileAtomic(place, bytes)
    beside[extname(path).slice(1)] = place
  }
  return { bytes: [first, ...others].reduce((sum, { bytes }) => sum + bytes.length, 0), beside }
}

/** @throws MobileOneError `invalid-file` when nothing is at `path`. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (cause) {
    throw new MobileOneError('invalid-file', `there is no file or folder ${path}`, { cause })
  }
}
