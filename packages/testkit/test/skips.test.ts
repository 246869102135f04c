import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Conditions that no installation changes, or that a try decides and `reportLack` tells. */
const allowed = [
  /^lacking\('/,
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

function testFiles(): readonly string[] {
  return ['packages', 'apps', 'examples', '.'].flatMap((folder) =>
    readdirSync(join(root, folder)).flatMap((name) => {
      const tests = join(root, folder, name, 'test')
      try {
        return readdirSync(tests, { recursive: true, encoding: 'utf8' })
          .filter((file) => file.endsWith('.ts'))
          .map((file) => join(tests, file))
      } catch {
        return []
      }
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
