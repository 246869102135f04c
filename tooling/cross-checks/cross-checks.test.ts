import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { apart, largestDifference } from './apart.mjs'
import { fillPage, isWithin, tableLine } from './page.mjs'

const command = fileURLToPath(new URL('cross-checks.mjs', import.meta.url))
const page = readFileSync(new URL('../../docs/cross-checks.md', import.meta.url), 'utf8')

const row = { check: 'costs', what: 'S0 folded', against: 'fvcore', cases: 2, worst: 0, limit: 0 }
const report = {
  versions: { python: '3.11.7', torch: '2.15.0' },
  seed: 1,
  cases: 8,
  results: [row],
}

function run(...given: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [command, ...given], { encoding: 'utf8' })
}

test('vectors are apart by their largest difference, of the largest value', () => {
  expect(apart([1, -4.5], [1, -4])).toBe(0.125)
  expect(largestDifference([1, -4.5], [1, -4])).toBe(0.5)
  for (const measure of [apart, largestDifference]) {
    expect(measure([1, Number.NaN], [1, 2])).toBe(Number.POSITIVE_INFINITY)
    expect(measure([1], [1, 2])).toBe(Number.POSITIVE_INFINITY)
  }
  expect(apart([], [])).toBe(Number.POSITIVE_INFINITY)
})

test('a difference beyond its limit, or that is no number, is a failure', () => {
  expect(isWithin(row)).toBe(true)
  expect(isWithin({ worst: 2e-4, limit: 1e-4 })).toBe(false)
  expect(isWithin({ worst: Number.NaN, limit: 1e-4 })).toBe(false)
  expect(tableLine({ ...row, worst: 3 })).toBe('S0 folded (fvcore, 2 cases): 3.0e+0, at most 0')
})

test('results fill the page between its marks, and nothing else', () => {
  const filled = fillPage(page, report, new Date('2026-11-27T12:00:00Z'))
  expect(filled).toContain('2026-11-27 12:00 UTC, ')
  expect(filled).toContain('torch 2.15.0. Seed 1, 8 cases: 1 comparisons, all within their limits.')
  expect(filled).toContain('| S0 folded | fvcore | 2 | 0 | 0 |')
  const outside = (text: string): string =>
    text.replaceAll(/(<!-- cross-checks \w+ -->)[\s\S]*?(<!-- \/)/g, '$1$2')
  expect(outside(filled)).toBe(outside(page))
  const failed = fillPage(page, { ...report, results: [{ ...row, worst: 2 }] })
  expect(failed).toContain('1 beyond their limits')
  expect(failed).toContain('**2.0e+0**')
  expect(() => fillPage('# no marks', report)).toThrow('the page has no <!-- cross-checks run -->')
})

test('the page tells of every check, and holds results of all of them', () => {
  const { stdout } = run('--help')
  const checks = /^checks: (.*)$/m.exec(stdout)?.[1]?.split(', ') ?? []
  expect(checks.length).toBeGreaterThan(4)
  for (const name of checks) {
    expect(page).toContain(`| \`${name}\` |`)
    expect(page).toContain(`### ${name}\n`)
  }
})

test.each([
  [['--only', 'sums'], 'there is no check "sums"; the checks are costs, '],
  [['--only', 'costs', '--write'], '--write needs all checks'],
  [['--cases', 'many'], '--cases must be a whole number from 4, not many'],
  [['--colour'], "Unknown option '--colour'"],
])('%j is a mistake in how it was called', (given, message) => {
  const { status, stderr } = run(...given)
  expect(status).toBe(2)
  expect(stderr).toContain(`cross-checks: ${message}`)
})
