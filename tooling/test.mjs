/** `npm test` and its kin; `npm test -- --help` says which. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, checkNode, install, root, sh } from './bootstrap.mjs'
import { changedFiles, testsOf } from './changed-tests.mjs'

const usage = `npm test                        lint and format, types, import order, what is unused, packages, and the fast tests
npm test -- --changed [ref]     the same without the packages, of tests only those that a change since ref (default HEAD) touches
npm run test:slow               tests in *.slow.test.ts
npm run test:engines            tests in engines.test.ts: Firefox, WebKitGTK, a current Node, arm64
npm run test:examples           the apps of examples, installed from a registry with the packed packages
... -- <vitest arguments>       only tests, chosen by vitest: paths, -t <name>

All of them install and build first what is not.`

const bin = (name) => join(root, 'node_modules/.bin', name)
const step = (title, run) => {
  const started = Date.now()
  console.log(`\n== ${title}`)
  run()
  console.log(`   ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

const given = process.argv.slice(2)
if (given.includes('--help')) {
  console.log(usage)
  process.exit()
}
const take = (flag, withValue) => {
  const at = given.indexOf(flag)
  if (at < 0) return undefined
  const next = given[at + 1]
  const hasValue = withValue && next !== undefined && !next.startsWith('-')
  given.splice(at, hasValue ? 2 : 1)
  return hasValue ? next : ''
}
const suite = take('--suite', true)
const ref = take('--changed', true)

checkNode()
step('install', install)
step('build', build)

/** Arguments for vitest, or undefined where there is nothing to run. */
function chosenTests() {
  const projects = suite ? ['--project', suite] : given.length === 0 ? ['--project', 'fast'] : []
  if (ref === undefined) return [...projects, ...given]
  const files = testsOf(changedFiles(ref || 'HEAD'))
  console.log(files ? `\nthe change touches ${files.length} test files` : '\nthe change touches every test')
  if (files?.length === 0) return undefined
  return [...projects, ...given, ...(files ?? []), '--passWithNoTests']
}

let tests
try {
  tests = chosenTests()
} catch (error) {
  console.error(error.message)
  process.exit(1)
}
if (!suite && given.length === 0) {
  step('lint and format', () => sh(bin('biome'), ['check', '--error-on-warnings', '.']))
  step('types', () => sh(bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']))
  step('import order and cycles', () =>
    sh(bin('depcruise'), ['--config', 'tooling/import-rules.cjs', 'packages', 'apps']),
  )
  if (ref === undefined) {
    step('unused files and dependencies', () => sh('npm', ['run', '--silent', 'unused']))
    step('packages', () => sh(process.execPath, ['tooling/check-packages.mjs']))
    step('types of packed packages', () => sh(process.execPath, ['tooling/check-types.mjs', '--short']))
  }
}
if (!tests) process.exit()

const folder = mkdtempSync(join(tmpdir(), 'mobileone-test-'))
const report = join(folder, 'report.json')
let status = 1
step('tests', () => {
  const result = spawnSync(
    bin('vitest'),
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...tests],
    { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' },
  )
  status = result.status ?? 1
})
try {
  const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = JSON.parse(
    readFileSync(report, 'utf8'),
  )
  if (numFailedTestSuites > 0 || numFailedTests > 0) status ||= 1
  console.log(`\n${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit(status)
