/**
 * The whole check: install, kernels, lint and format, types, import order, build, package checks, tests.
 * `npm test -- <vitest arguments>` runs only the tests.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, checkNode, install, root, sh } from './bootstrap.mjs'

const bin = (name) => join(root, 'node_modules/.bin', name)
const step = (title, run) => {
  const started = Date.now()
  console.log(`\n== ${title}`)
  run()
  console.log(`   ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

const vitestArguments = process.argv.slice(2)
checkNode()
step('install', install)
step('build', build)
if (vitestArguments.length === 0) {
  step('lint and format', () => sh(bin('biome'), ['check', '--error-on-warnings', '.']))
  step('types', () => sh(bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']))
  step('import order and cycles', () =>
    sh(bin('depcruise'), ['--config', 'tooling/import-rules.cjs', 'packages', 'apps']),
  )
  step('packages', () => sh(process.execPath, ['tooling/check-packages.mjs']))
  step('types of packed packages', () => sh(process.execPath, ['tooling/check-types.mjs', '--short']))
}

const folder = mkdtempSync(join(tmpdir(), 'mobileone-test-'))
const report = join(folder, 'report.json')
let status = 1
step('tests', () => {
  const result = spawnSync(
    bin('vitest'),
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...vitestArguments],
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
