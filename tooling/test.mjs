/** `npm test` and its kin; `npm test -- --help` says which. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, checkNode, install, root } from './bootstrap.mjs'

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

/** Run `[title, command, arguments]` two at a time, and print what each said when it has ended; false where one failed. */
async function allPass(checks) {
  const waiting = [...checks]
  const results = []
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) results.push(await check(...next))
  }
  await Promise.all([work(), work()])
  return results.every(Boolean)
}

async function check(title, command, args) {
  const started = Date.now()
  const child = spawn(command, args, { cwd: root, shell: process.platform === 'win32' })
  const said = []
  child.stdout.on('data', (part) => said.push(part))
  child.stderr.on('data', (part) => said.push(part))
  const status = await new Promise((resolve) => {
    child.once('error', (error) => {
      said.push(Buffer.from(`cannot run ${command}: ${error.message}\n`))
      resolve(1)
    })
    child.once('close', (code) => resolve(code ?? 1))
  })
  console.log(`\n== ${title}\n${Buffer.concat(said)}   ${((Date.now() - started) / 1000).toFixed(1)} s`)
  return status === 0
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

/** Whether a test file is one of the suite, as vitest.config.ts divides them. */
function isOfSuite(file, name) {
  const own = /(?:\.slow|\/engines)\.test\.ts$/.exec(file)?.[0] ?? ''
  return !file.startsWith('examples/test/') && (name === 'fast' ? own === '' : own.includes(name))
}

/** Arguments for vitest, or undefined where there is nothing to run. */
async function chosenTests() {
  const project = suite || (given.length === 0 ? 'fast' : undefined)
  const projects = project ? ['--project', project] : []
  if (ref === undefined) return [...projects, ...given]
  const { changeSince, testsOf } = await import('./changed-tests.mjs')
  const files = testsOf(changeSince(ref || 'HEAD'))?.filter((file) => !project || isOfSuite(file, project))
  console.log(files ? `\nthe change touches ${files.length} test files` : '\nthe change touches every test')
  if (files?.length === 0) return undefined
  return [...projects, ...given, ...(files ?? []), '--passWithNoTests']
}

let tests
try {
  tests = await chosenTests()
} catch (error) {
  console.error(error.message)
  process.exit(1)
}
if (!suite && given.length === 0) {
  const checks = [
    ['types', 'npm', ['run', '--silent', 'types']],
    ['lint and format', bin('biome'), ['check', '--error-on-warnings', '.']],
    [
      'import order and cycles',
      bin('depcruise'),
      ['--config', 'tooling/import-rules.cjs', 'packages', 'apps'],
    ],
  ]
  if (ref === undefined) {
    checks.push(
      ['unused files and dependencies', 'npm', ['run', '--silent', 'unused']],
      ['packages', process.execPath, ['tooling/check-packages.mjs']],
      ['types of packed packages', process.execPath, ['tooling/check-types.mjs', '--short']],
    )
  }
  if (!(await allPass(checks))) process.exit(1)
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
