import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

describe('the map in AGENTS.md', () => {
  const rows = [...read('AGENTS.md').matchAll(/^\| `([\w-]+)` +\|.*\| `(src\/\S+)` +\|$/gm)]

  test('has a row for every package', () => {
    const folders = readdirSync(join(root, 'packages'), { withFileTypes: true })
      .filter((entry) => existsSync(join(root, 'packages', entry.name, 'package.json')))
      .map(({ name }) => name)
    expect(rows.map(([, name]) => name).sort()).toEqual(folders.sort())
  })

  test.each(rows.map(([, name, file]) => [name, file] as const))('%s begins at %s', (name, file) => {
    expect(existsSync(join(root, 'packages', name ?? '', file ?? ''))).toBe(true)
  })
})

/** Paths in backticks: from the root, from `packages`, or from a package's `src`. */
describe.each([
  'AGENTS.md',
  'CONTRIBUTING.md',
  'docs/adding.md',
  'docs/pipeline.md',
  'docs/decisions.md',
  'docs/backends.md',
])('the files that %s names', (document) => {
  const named = [
    ...read(document).matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|mjs|cjs|py|swift|md|json))`/g),
  ].map(([, path]) => path as string)

  test('are there', () => {
    const isThere = (path: string): boolean => {
      const [first = '', ...rest] = path.split('/')
      return [path, `packages/${path}`, `packages/${first}/src/${rest.join('/')}`].some((candidate) =>
        existsSync(join(root, candidate)),
      )
    }
    expect(named.filter((path) => !/^(src|test)\//.test(path) && !isThere(path))).toEqual([])
  })
})
