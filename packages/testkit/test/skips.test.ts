import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Conditions that no installation changes, or that a try decides and `reportLack` tells. */
const allowed = [
  /^lacking\(('|need\)$)/,
  /^process\.platform [!=]== /,
  /^limit < 2$/,
  /^cores < 2$/,
  /^!device$/,
  /^!gpu$/,
  /^!checker$/,
  /^!present$/,
  /^cannotRun$/,
  /^!canMount$/,
  /^!isRoot$/,
]

/** Links are not followed. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (!entry.isDirectory()) return [path]
    return entry.name === 'node_modules' ? [] : filesIn(path)
  })
}

function testFiles(): readonly string[] {
  return ['packages', 'apps', 'examples', '.'].flatMap((folder) =>
    readdirSync(join(root, folder)).flatMap((name) => {
      const tests = join(root, folder, name, 'test')
      return existsSync(tests) ? filesIn(tests).filter((file) => file.endsWith('.ts')) : []
    }),
  )
}

it('tests are skipped for what `lacking` tells, and for nothing else', () => {
  const wrong = testFiles().flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\.(skipIf|runIf)\(((?:[^()]|\([^()]*\))*)\)/g)]
      .filter(
        ([, verb, condition]) => verb === 'runIf' || !allowed.some((form) => form.test(condition ?? '')),
      )
      .map(([text]) => `${file.slice(root.length)}: ${text}`),
  )
  expect(wrong).toEqual([])
})
