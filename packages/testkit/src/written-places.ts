/** Places of Markdown files that commands write. */
import { readFileSync, writeFileSync } from 'node:fs'
import { MobileOneError } from '@mobileone/core'

/** Which places, and how an error tells of them. */
export interface Places {
  /** What the marks begin with: places lie between `<!-- KIND NAME -->` and `<!-- /KIND -->`. */
  readonly kind: string
  /** What is written there, as in `a study`. */
  readonly what: string
  /** The name in the mark that an error shows, as in `zoo`. */
  readonly example: string
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
  const place = new RegExp(`(<!-- ${kind} ([a-z-]+) -->\\n)([\\s\\S]*?)(<!-- /${kind} -->)`, 'g')
  if (!place.test(text)) return undefined
  return text.replace(place, (all, begin: string, name: string, _: string, end: string) => {
    const body = write(name)
    return body === undefined ? all : `${begin}\n${body}\n${end}`
  })
}

/**
 * The text of the file `path`, which has such places.
 * @throws MobileOneError `invalid-file` for a file that cannot be read or has no such place.
 */
export function readWithPlaces(path: string, places: Places): string {
  const text = readText(path)
  if (fillPlaces(text, places.kind, () => undefined) === undefined) throw noPlace(path, places)
  return text
}

/**
 * Fill the places of the file `path`.
 * @throws MobileOneError `invalid-file` for a file that cannot be read or has no such place.
 */
export function writePlaces(path: string, places: Places, write: (name: string) => string | undefined): void {
  const text = fillPlaces(readText(path), places.kind, write)
  if (text === undefined) throw noPlace(path, places)
  writeFileSync(path, text)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new MobileOneError('invalid-file', `cannot read ${path}: ${(cause as Error).message}`, { cause })
  }
}

function noPlace(path: string, { kind, what, example }: Places): MobileOneError {
  return new MobileOneError(
    'invalid-file',
    `${path} has no place for ${what}: a line <!-- ${kind} ${example} -->, and after it a line <!-- /${kind} -->`,
  )
}
