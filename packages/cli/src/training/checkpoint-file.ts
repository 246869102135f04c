import { readFile, rename } from 'node:fs/promises'
import { MobileOneError } from '@mobileone/core'
import { type Recipe, readTrainingCheckpoint } from '@mobileone/train'
import { writeFileAtomic } from '../files.ts'
import { formatCount } from '../terminal.ts'

/** The checkpoint file of a run, and that of an earlier one which may be in its place. */
export interface CheckpointFile {
  readonly path: string
  /** The run to go on with. */
  readonly resume?: { readonly bytes: Uint8Array; readonly step: number; readonly recipe: Recipe }
  /** What the user should know of it before the run starts. */
  readonly note?: string
  /** An earlier run's checkpoint is moved aside first. */
  save(bytes: Uint8Array): Promise<void>
}

export async function openCheckpoint(path: string, isResuming: boolean): Promise<CheckpointFile> {
  const bytes = await readIfThere(path)
  const save = (content: Uint8Array): Promise<void> => writeFileAtomic(path, content)
  if (bytes === undefined)
    return { path, save, ...(isResuming && { note: `there is no ${path}, so this run starts anew` }) }
  if (isResuming) return { path, save, resume: { bytes, ...(await readTrainingCheckpoint(bytes)) } }

  const aside = `${path}.previous`
  const held = await readTrainingCheckpoint(bytes).then(
    ({ step, recipe }) => `of an earlier run, at step ${formatCount(step)} of its recipe ${recipe.name},`,
    () => 'which is no training checkpoint,',
  )
  const older = (await readIfThere(aside)) ? ', in place of an older one,' : ''
  let isAside = false
  return {
    path,
    note:
      `${path} ${held} becomes ${aside}${older} when this run, which starts anew, is first saved; ` +
      'to go on with it, stop now and add --resume',
    async save(content) {
      if (!isAside) await moveAside(path, aside)
      isAside = true
      await save(content)
    },
  }
}

async function moveAside(path: string, aside: string): Promise<void> {
  try {
    await rename(path, aside)
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return
    throw new MobileOneError(
      'invalid-argument',
      `cannot keep the checkpoint of the earlier run as ${aside}: ${(cause as Error).message}; move ${path} away`,
      { cause },
    )
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw error
  }
}
