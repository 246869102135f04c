import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { parseReport } from '../src/index.ts'
import { ask } from './readme-study.ts'

it('the program that measures two builds of a backend prints who won, and keeps the report', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mobileone-measure-'))
  try {
    const program = fileURLToPath(new URL('readme-measure.mjs', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd: folder })
    expect(stdout).toMatch(/^without fused multiply-add +1 +\d/m)
    expect(stdout).toMatch(/^S0 in node, 1 thread: (mobileone-wasm|without fused multiply-add) /m)
    const report = parseReport(readFileSync(join(folder, 'report.json'), 'utf8'))
    expect(report.results).toHaveLength(2)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('the program of processes measures a contender in processes of its own', async () => {
  const program = fileURLToPath(new URL('readme-processes.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [program])
  expect(stdout).toMatch(/^Peak in node, 1 thread: /m)
  expect(stdout).toMatch(/^mine +1 +\d/m)
})

it('the last puts a question of the paper to this machine', async () => {
  expect(await ask('resolution', ['s0@160', 's0'])).toMatch(/^160 +141 +0\.51 +\d/m)
})
