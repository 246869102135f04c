/** Places of Markdown files that commands write. */
import { readFileSync, writeFileSync } from 'node:fs'
import { MobileOneError } from '@mobileone/core'

/** Which places, and how an error tells of them. */
export interface Places {
  /** What the marks begin with: places lie between `<!-- KIND NAME -->` and `<!-- /KIND -->`. */
  readonly kind: string
  /** What is written there, as in `a study`. */
  readonly what: string
  /** What stands behind `kind` in the mark that an error shows, as in `zoo`; undefined where places of this kind have no name. */
  readonly example?: string
}

/**
 * `text` with each place of `kind` filled with what `write` says for its name, or left as it is where that is undefined; undefined where
 * there is no such place.
 */
export function fillPlaces(
  text: string,
  kind: string,
  write: (name: string) => string | undefined,
): string | undefined {
  return fill(text, new RegExp(`(<!-- ${kind} ([a-z-]+) -->\\n)([\\s\\S]*?)(<!-- /${kind} -->)`, 'g'), write)
}

/**
 * The text of the file `path`, which has such places.
 * @throws MobileOneError `invalid-file` for a file that cannot be read or has no such place.
 */
export function readWithPlaces(path: string, places: Places): string {
  const text = readText(path)
  if (filled(text, places, () => undefined) === undefined) throw noPlace(path, places)
  return text
}

/**
 * Fill the places of the file `path`.
 * @throws MobileOneError `invalid-file` for a file that cannot be read or has no such place.
 */
export function writePlaces(path: string, places: Places, write: (name: string) => string | undefined): void {
  const text = filled(readText(path), places, write)
  if (text === undefined) throw noPlace(path, places)
  writeFileSync(path, text)
}

function filled(
  text: string,
  { kind, example }: Places,
  write: (name: string) => string | undefined,
): string | undefined {
  if (example !== undefined) return fillPlaces(text, kind, write)
  return fill(text, new RegExp(`(<!-- ${kind} -->\\n)()([\\s\\S]*?)(<!-- /${kind} -->)`, 'g'), write)
}

function fill(text: string, place: RegExp, write: (name: string) => string | undefined): string | undefined {
  if (!place.test(text)) return undefined
  return text.replace(place, (all, begin: string, name: string, _: string, end: string) => {
    const body = write(name)
    return body === undefined ? all : `${begin}\n${body}\n${end}`
  })
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new MobileOneError('invalid-file', `cannot read ${path}: ${(cause as Error).message}`, { cause })
  }
}

function noPlace(path: string, { kind, what, example }: Places): MobileOneError {
  const mark = [kind, ...(example === undefined ? [] : [example])].join(' ')
  return new MobileOneError(
    'invalid-file',
    `${path} has no place for ${what}: a line <!-- ${mark} -->, and after it a line <!-- /${kind} -->`,
  )
}
