import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { type ExportedFile, type ExportedFiles, MobileOneError } from '@mobileone/core'

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
    throw cannotWrite(path, cause)
  }
}

function cannotWrite(path: string, cause: unknown): MobileOneError {
  return new MobileOneError('invalid-argument', `cannot write ${path}: ${(cause as Error).message}`, {
    cause,
  })
}

/**
 * Write a folder with `files`, named relative to it, so that it appears whole: beside its place, then renamed. A folder there
 * that has the first of the files is replaced.
 * @throws MobileOneError `invalid-argument` where something else is in its place, or it cannot be written.
 */
async function writeFolderAtomic(
  path: string,
  files: readonly [ExportedFile, ...ExportedFile[]],
): Promise<void> {
  const exists = await isThere(path)
  if (exists && !(await isThere(join(path, files[0].path)))) {
    throw new MobileOneError(
      'invalid-argument',
      `${path} exists and is not a folder with ${files[0].path} in it, so it is not replaced; choose another path`,
    )
  }
  let scratch: string | undefined
  try {
    await mkdir(dirname(path), { recursive: true })
    scratch = await mkdtemp(join(dirname(path), `.${basename(path)}-`))
    const fresh = join(scratch, 'new')
    for (const file of files) {
      const place = join(fresh, file.path)
      await mkdir(dirname(place), { recursive: true })
      await writeFile(place, file.bytes)
    }
    if (exists) await rename(path, join(scratch, 'old'))
    await rename(fresh, path)
  } catch (cause) {
    throw cannotWrite(path, cause)
  } finally {
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true })
  }
}

export interface WrittenExport {
  /** Of the file or folder that was asked for. */
  readonly bytes: number
  /** The paths of the files beside it, by their ending without the dot. */
  readonly beside: Readonly<Record<string, string>>
}

/** Write what an exporter made for the file or folder `output`, each part whole or not at all. */
export async function writeExported(output: string, files: ExportedFiles): Promise<WrittenExport> {
  const name = basename(output)
  const prefix = `${name}/`
  const isOwn = ({ path }: ExportedFile): boolean => path === name || path.startsWith(prefix)
  const [first, ...others] = files.filter(isOwn)
  if (!first) throw new MobileOneError('invalid-argument', `the exporter wrote nothing for ${output}`)
  if (first.path === name) await writeFileAtomic(output, first.bytes)
  else {
    const relative = ({ path, bytes }: ExportedFile): ExportedFile => ({
      path: path.slice(prefix.length),
      bytes,
    })
    await writeFolderAtomic(output, [relative(first), ...others.map(relative)])
  }
  const beside: Record<string, string> = {}
  for (const { path, bytes } of files.filter((file) => !isOwn(file))) {
    const place = output.slice(0, -name.length) + path
    await writeFileAtomic(place, bytes)
    beside[extname(path).slice(1)] = place
  }
  return { bytes: [first, ...others].reduce((sum, { bytes }) => sum + bytes.length, 0), beside }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** @throws MobileOneError `invalid-file` when nothing is at `path`. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (cause) {
    throw new MobileOneError('invalid-file', `there is no file or folder ${path}`, { cause })
  }
}
