import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { type ExportedFile, isMobileOneError, MobileOneError, throwIfAborted } from '@mobileone/core'
import { cannotWrite, findOutputPlace, type OutputPlace } from './output-place.ts'
import { removeStale, temporaryBeside } from './temporary.ts'

/**
 * Write a folder with `files`, named relative to it, so that it appears whole: beside its place, then renamed. A folder there is
 * replaced where it holds these very files and nothing else.
 * @throws MobileOneError `invalid-argument` where something else is in its place, or it cannot be written; `aborted`.
 */
export async function writeFolderAtomic(
  path: string,
  files: readonly [ExportedFile, ...ExportedFile[]],
  signal?: AbortSignal,
): Promise<void> {
  const place = await findOutputPlace(path)
  await checkReplaceable(path, place, files)
  let scratch: string | undefined
  try {
    await mkdir(dirname(place.path), { recursive: true })
    scratch = await temporaryBeside(place.path)
    await mkdir(scratch, { mode: 0o700 })
    const fresh = join(scratch, 'new')
    for (const file of files) {
      throwIfAborted(signal, `writing ${path}`)
      const made = join(fresh, file.path)
      await mkdir(dirname(made), { recursive: true })
      await writeFile(made, file.bytes)
      if (place.kind === 'folder') await chmod(made, (await stat(join(place.path, file.path))).mode & 0o777)
    }
    if (place.kind === 'folder') await chmod(fresh, place.owned.mode)
    throwIfAborted(signal, `writing ${path}`)
    await swap(fresh, place, join(scratch, 'old'))
    // Not before: where a process was killed while it swapped them, the older folder is in there.
    await removeStale(place.path)
  } catch (cause) {
    throw isMobileOneError(cause) ? cause : cannotWrite(path, cause)
  } finally {
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true }).catch(() => {})
  }
}

/** Put `fresh` in its place and what was there at `aside`; where that fails, what was there comes back. */
async function swap(fresh: string, { kind, path }: OutputPlace, aside: string): Promise<void> {
  if (kind === 'folder') await rename(path, aside)
  try {
    await rename(fresh, path)
  } catch (cause) {
    if (kind === 'folder') await rename(aside, path)
    throw cause
  }
}

async function checkReplaceable(
  path: string,
  place: OutputPlace,
  files: readonly [ExportedFile, ...ExportedFile[]],
): Promise<void> {
  if (place.kind === 'free') return
  const refuse = (why: string): never => {
    throw new MobileOneError(
      'invalid-argument',
      `${path} exists and ${why}, so it is not replaced; choose another path`,
    )
  }
  if (place.kind !== 'folder') return refuse(`is not a folder with ${files[0].path} in it`)
  const here = await readdir(place.path, { recursive: true, withFileTypes: true }).catch((cause) => {
    throw cannotWrite(path, cause)
  })
  const written = new Set(files.map((file) => file.path))
  for (const entry of here) {
    const name = relative(place.path, join(entry.parentPath, entry.name)).split(sep).join('/')
    const isExpected = entry.isDirectory()
      ? files.some((file) => file.path.startsWith(`${name}/`))
      : entry.isFile() && written.delete(name)
    if (!isExpected) refuse(`holds ${name}, which would be lost`)
  }
  const [missing] = written
  if (missing !== undefined) refuse(`is not a folder with ${missing} in it`)
}
