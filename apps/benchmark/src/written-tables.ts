/** Tables of Markdown files that the commands of the benchmark write. */
import { MobileOneError } from '@mobileone/core'
import { fillPlaces, type Places, readWithPlaces, writePlaces } from '@mobileone/testkit'

/** A table lies between `<!-- bench NAME -->` and `<!-- /bench -->`. */
export type TableName = 'engines' | 'speed' | 'gpu' | 'start' | 'camera' | 'downloads' | 'packages'

/** Text for places by name. Places of other names, and those whose text is undefined, are left as they are. */
export type Tables = Readonly<Partial<Record<TableName, string | undefined>>>

const places: Places = { kind: 'bench', what: 'a table of the benchmark', example: 'NAME' }

/**
 * Looks that the Markdown file `path` has a place of one of `names`, before what is written there takes minutes. What it returns fills
 * them; without a path that does nothing.
 * @throws MobileOneError `invalid-file` for a file that cannot be read or has no such place.
 */
export function tablesIn(path: string | undefined, names: readonly TableName[]): (tables: Tables) => void {
  if (path === undefined) return () => {}
  const found: string[] = []
  fillPlaces(readWithPlaces(path, places), places.kind, (name) => {
    found.push(name)
    return undefined
  })
  if (!names.some((name) => found.includes(name))) {
    throw new MobileOneError(
      'invalid-file',
      `${path} has places for ${found.join(', ')}, none for ${names.join(' or ')}: a line <!-- bench ${names[0]} -->, and after it a line <!-- /bench -->`,
    )
  }
  return (tables) => {
    writePlaces(path, places, (name) => tables[name as TableName])
    process.stderr.write(`${path} is written\n`)
  }
}

/** A table in Markdown; columns named in `right` are of numbers. Rows whose first cell `isOurs` says so of are bold. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
  isOurs: (row: readonly string[]) => boolean = () => false,
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(header),
    line(header.map((_, column) => (right.includes(column) ? '---:' : '---'))),
    ...rows.map((row) => line(isOurs(row) ? row.map((cell) => (cell === '' ? '' : `**${cell}**`)) : row)),
  ].join('\n')
}
