import { type ErrorCode, isMobileOneError } from '@mobileone/core'
import type { ImageSource } from '@mobileone/vision'
import { interrupted } from './session.ts'
import { readStdin, stdinName } from './stdin.ts'
import { printNote } from './terminal.ts'

/** A picture without a result, as `--json` tells of it. */
export interface Unreadable {
  readonly file: string
  readonly error: string
}

/** What is wrong with a picture, not with the program or the machine. */
const ofPictures: readonly ErrorCode[] = ['invalid-file', 'invalid-input', 'network', 'unsupported']

/** The picture at a path or address, or from standard input. */
export async function openPicture(file: string): Promise<ImageSource> {
  if (file !== stdinName) return file
  return new File([(await readStdin('a picture', interrupted)) as BlobPart], 'standard input')
}

/**
 * What `work` makes of the picture `file`. Where that cannot be read, standard error says so, the exit code becomes 1, and the list
 * can go on.
 */
export async function orUnreadable<T extends object>(
  file: string,
  work: () => Promise<T>,
): Promise<T | Unreadable> {
  try {
    return await work()
  } catch (error) {
    if (!isMobileOneError(error) || !ofPictures.includes(error.code)) throw error
    printNote(`mobileone: ${error.message}`)
    process.exitCode = 1
    return { file, error: error.message }
  }
}
