import { access } from 'node:fs/promises'
import { type ErrorCode, isMobileOneError, type MobileOneError } from '@mobileone/core'
import { decode, type ImageSource } from '@mobileone/vision'
import { interrupted } from './session.ts'
import { readStdin, stdinName } from './stdin.ts'
import { printNote } from './terminal.ts'

/** A picture without a result, as `--json` tells of it. */
export interface Unreadable {
  readonly file: string
  readonly error: string
}

/** What messages call it. */
const inputName = 'standard input'

/** What is wrong with a picture, not with the program or the machine. */
const ofPictures: readonly ErrorCode[] = ['invalid-file', 'invalid-input', 'network', 'unsupported']

function isOfPicture(error: unknown): error is Error {
  return isMobileOneError(error) && ofPictures.includes(error.code)
}

/** What is wrong with a path where there is no file, before anything slow is done for it; addresses are not looked at. */
export async function whyMissing(file: string): Promise<MobileOneError | undefined> {
  if (file === stdinName || /^(https?|data|blob|file):/i.test(file)) return undefined
  try {
    await access(file)
    return undefined
  } catch {
    return decode(file).then(
      () => undefined,
      (error) => error,
    )
  }
}

/** The picture at a path or address, or from standard input. */
export async function openPicture(file: string): Promise<ImageSource> {
  if (file !== stdinName) return file
  return new File([(await readStdin('a picture', interrupted)) as BlobPart], inputName)
}

/**
 * The pictures of {@link openPicture}, each opened when it is its turn. One that cannot be opened leaves its error in `errors`, by
 * its index, and is empty.
 */
export async function* openPictures(
  files: readonly string[],
  errors: Map<number, Error>,
): AsyncGenerator<ImageSource, void, undefined> {
  for (const [index, file] of files.entries()) {
    try {
      yield await openPicture(file)
    } catch (error) {
      if (!isOfPicture(error)) throw error
      errors.set(index, error)
      yield new Uint8Array()
    }
  }
}

/** What is wrong with the picture `file`, without its place in the list: its name tells more. */
export function messageOf(file: string, index: number, { message }: Error): string {
  const name = file === stdinName ? inputName : file
  return message.replace(`image ${index} (${name})`, () => name)
}

/** Say on standard error, and with the exit code 1, what is wrong with the picture `file`. */
export function unreadable(file: string, message: string): Unreadable {
  printNote(`mobileone: ${message}`)
  process.exitCode = 1
  return { file, error: message }
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
    if (!isOfPicture(error)) throw error
    return unreadable(file, error.message)
  }
}
