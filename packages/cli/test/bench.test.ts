import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toSafetensors } from '@mobileone/checkpoint'
import { configFromWidths, initialize, mobileone } from '@mobileone/core'
import type { Report } from '@mobileone/measure'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Outcome, runProgram } from './program.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobileone-bench-test-'))
  const config = configFromWidths({
    name: 'tiny',
    widths: [0.25, 0.25, 0.25, 0.25],
    blocks: [1, 1, 1, 1],
    branches: 2,
    squeezeExcite: [0, 0, 1, 1],
    classes: 3,
    inputSize: [32, 32],
  })
  const model = initialize(mobileone(config, { form: 'train' }), { seed: 5, statistics: 'random' })
  writeFileSync(join(folder, 'tiny.safetensors'), toSafetensors(model))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = (args: readonly string[]): Promise<Outcome> => runProgram(folder, ['bench', ...args])

it('measures a backend and says why others were not measured', async () => {
  const { code, stdout, stderr } = await run(
    '--weights tiny.safetensors --runs 2 --json -o speed.json'.split(' '),
  )
  expect(stderr).toBe('')
  expect(code).toBe(0)
  const report = JSON.parse(stdout) as Report
  expect(JSON.parse(readFileSync(join(folder, 'speed.json'), 'utf8'))).toEqual(report)
  expect(Object.keys(report)).toEqual(
    expect.arrayContaining(['machine', 'versions', 'peakGflops', 'results', 'skipped']),
  )
  expect(report.peakGflops).toBeGreaterThan(0)
  expect(report.versions.node).toBe(process.versions.node)
  const [own, ...more] = report.results
  expect(more).toEqual([])
  expect(own).toMatchObject({
    contender: 'mobileone-wasm',
    variant: 'tiny',
    runtime: 'node',
    threads: 1,
    wireBytes: null,
    samples: [expect.any(Number), expect.any(Number)],
  })
  const times = ['loadMs', 'compileMs', 'firstMs', 'medianMs', 'p95Ms'] as const
  const figures = ['gflops', 'peakShare', 'memoryBytes', 'maxAbsError'] as const
  for (const key of [...times, ...figures]) expect(own?.[key], key).toEqual(expect.any(Number))
  expect(report.skipped.map(({ contender, reason }) => [contender, reason])).toEqual([
    ['ort-node', 'onnxruntime-node is not installed here: npm i onnxruntime-node'],
    ['ort-wasm', 'onnxruntime-web is not installed here: npm i onnxruntime-web'],
  ])
})

it('shows a table for another backend, alone', async () => {
  const { code, stdout } = await run(
    '--weights tiny.safetensors --backend reference --against none --runs 1'.split(' '),
  )
  expect(code).toBe(0)
  expect(stdout).toMatch(/^mobileone-reference +1 /m)
  expect(stdout).toContain('Peak in node, 1 thread')
})

it('refuses contenders it does not know', async () => {
  const { code, stderr } = await run(['--against', 'abacus'])
  expect(code).toBe(2)
  expect(stderr).toMatch(/--against knows ort-node, ort-wasm and none; there is no "abacus"/)
})
