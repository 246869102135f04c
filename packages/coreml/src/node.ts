import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { MobileOneError } from '@mobileone/core'
import type { CoreMLPackage } from './package.ts'
import { limits } from './read/limits.ts'

/**
 * Write a package as the folder `path`, which should end in `.mlpackage`. The folder appears whole: it is written beside its
 * place and renamed. A package that lay there before is replaced, where it holds no file that the new one has not.
 * @throws MobileOneError `invalid-argument` where something else is in its place, or it cannot be written.
 */
export async function writePackage(path: string, from: CoreMLPackage): Promise<void> {
  const isReplaced = await checkReplaceable(path, from)
  let scratch: string | undefined
  try {
    await mkdir(dirname(path), { recursive: true })
    scratch = await mkdtemp(join(dirname(path), `.${basename(path)}-`))
    const fresh = join(scratch, 'new')
    for (const [name, bytes] of Object.entries(from.files)) {
      const file = join(fresh, ...name.split('/'))
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, bytes)
    }
    const old = join(scratch, 'old')
    if (isReplaced) await rename(path, old)
    try {
      await rename(fresh, path)
    } catch (cause) {
      if (isReplaced) await rename(old, path)
      throw cause
    }
  } catch (cause) {
    throw new MobileOneError('invalid-argument', `cannot write ${path}: ${(cause as Error).message}`, {
      cause,
    })
  } finally {
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true }).catch(() => {})
  }
}

/** Whether there is something at `path`, which may be replaced by the package. */
async function checkReplaceable(path: string, from: CoreMLPackage): Promise<boolean> {
  if (!(await stat(path).catch(() => undefined))) return false
  const refuse = (why: string): never => {
    throw new MobileOneError(
      'invalid-argument',
      `${path} exists and ${why}, so it is not replaced; choose another path`,
    )
  }
  const here = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => [])
  const names = here
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)).split(sep).join('/'))
  const isPackage = names.includes('Manifest.json') && names.some((name) => name.startsWith('Data/'))
  if (!isPackage) refuse('is not a Core ML package')
  const other = names.find((name) => !Object.hasOwn(from.files, name))
  if (other !== undefined) refuse(`holds ${other}, which would be lost`)
  return true
}

/**
 * The files of the package in the folder `path`.
 * @throws MobileOneError `invalid-file` where it is no folder of a package, `unsupported` where it is larger than is read.
 */
export async function readPackage(path: string): Promise<CoreMLPackage> {
  const names = await readdir(path, { recursive: true, withFileTypes: true }).catch((cause) => {
    throw new MobileOneError('invalid-file', `${path} is not the folder of a Core ML package`, { cause })
  })
  const files: Record<string, Uint8Array> = {}
  let total = 0
  let count = 0
  for (const entry of names) {
    if (!entry.isFile()) continue
    if (++count > limits.files) {
      throw new MobileOneError(
        'invalid-file',
        `${path} holds more than ${limits.files} files; it is no Core ML package`,
      )
    }
    const file = join(entry.parentPath, entry.name)
    total += (await stat(file)).size
    if (total > limits.sourceBytes) {
      throw new MobileOneError('unsupported', `the package ${path} has more than ${limits.sourceBytes} bytes`)
    }
    files[relative(path, file).split(sep).join('/')] = new Uint8Array(await readFile(file))
  }
  return { name: basename(path).replace(/\.mlpackage$/, ''), files }
}
