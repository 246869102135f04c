import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { MobileOneError } from '@mobileone/core'
import type { CoreMLPackage } from './package.ts'
import { limits } from './read/limits.ts'

/**
 * Write a package as the folder `path`, which should end in `.mlpackage`. The folder appears whole: it is written beside its
 * place and renamed, and a package that lay there before is replaced.
 */
export async function writePackage(path: string, from: CoreMLPackage): Promise<void> {
  const existing = await stat(path).catch(() => undefined)
  if (existing && !(await stat(join(path, 'Manifest.json')).catch(() => undefined))) {
    throw new MobileOneError(
      'invalid-argument',
      `${path} exists and is not a Core ML package, so it is not replaced; choose another path`,
    )
  }
  await mkdir(dirname(path), { recursive: true })
  const scratch = await mkdtemp(join(dirname(path), `.${basename(path)}-`))
  try {
    const fresh = join(scratch, 'new')
    for (const [name, bytes] of Object.entries(from.files)) {
      const file = join(fresh, ...name.split('/'))
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, bytes)
    }
    if (existing) await rename(path, join(scratch, 'old'))
    await rename(fresh, path)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/**
 * The files of the package in the folder `path`.
 * @throws MobileOneError `invalid-file` where it is no folder of a package.
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
