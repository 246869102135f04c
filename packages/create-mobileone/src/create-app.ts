import { copyFile, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { MobileOneError } from '@mobileone/core'
import validate from 'validate-npm-package-name'
import type { Template } from './templates.ts'

/** What is made, and where. */
export interface AppOptions {
  /** Its last part is the app's name. */
  readonly folder: string
  readonly template: Template
  /** A file of weights that the app brings with it, or `s0` to `s4`. Default: `s0`, downloaded by the page. */
  readonly model?: string | undefined
  /** The folder that holds the templates, each in a folder of its name. */
  readonly templates: string
}

const variant = /^s[0-4]$/i

/**
 * Write an app into a folder that is new or empty; a `.git` may be in it.
 * @throws MobileOneError `invalid-argument` for a folder that holds files, a name that is none of a package, or a model that is no file.
 * Then nothing is written.
 */
export async function createApp({ folder, template, model, templates }: AppOptions): Promise<void> {
  const path = resolve(folder)
  const name = basename(path)
  const problem = nameProblem(name) ?? (await folderProblem(path)) ?? (model && (await modelProblem(model)))
  if (problem) throw new MobileOneError('invalid-argument', problem)

  const isNew = (await mkdir(path, { recursive: true })) !== undefined
  try {
    await cp(join(templates, template), path, { recursive: true })
    await rename(join(path, 'gitignore'), join(path, '.gitignore'))
    const manifest = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'))
    await writeFile(join(path, 'package.json'), `${JSON.stringify({ ...manifest, name }, undefined, 2)}\n`)
    if (model) await writeModel(path, model)
  } catch (error) {
    if (isNew) await rm(path, { recursive: true, force: true })
    throw error
  }
}

/** Why a package cannot be called so, or undefined. */
export function nameProblem(name: string): string | undefined {
  const { validForNewPackages, errors = [], warnings = [] } = validate(name)
  if (validForNewPackages) return undefined
  const instead = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  const remedy = validate(instead).validForNewPackages ? `; call it ${instead}` : ''
  return `no package can be called ${JSON.stringify(name)}: ${[...errors, ...warnings].join(', ')}${remedy}`
}

/** Why no app can be written there, or undefined. */
export async function folderProblem(path: string): Promise<string | undefined> {
  try {
    const found = (await readdir(path)).filter((file) => file !== '.git')
    return found.length === 0 ? undefined : `${path} holds files: choose another folder, or empty it`
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    return code === 'ENOTDIR' ? `${path} is a file: choose another name` : (error as Error).message
  }
}

async function modelProblem(model: string): Promise<string | undefined> {
  if (variant.test(model)) return undefined
  const isFile = await stat(model).then(
    (found) => found.isFile(),
    () => false,
  )
  return isFile ? undefined : `${model} is neither a file of weights nor one of s0 to s4`
}

/** The model as the app's `.env` names it; a file lies in `public`, from where every server serves it. */
async function writeModel(path: string, model: string): Promise<void> {
  let value = model.toLowerCase()
  if (!variant.test(model)) {
    await mkdir(join(path, 'public'))
    await copyFile(model, join(path, 'public', basename(model)))
    value = `./${encodeURIComponent(basename(model))}`
  }
  await writeFile(join(path, '.env'), `VITE_MODEL=${value}\n`)
}
