import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseReport, type Report, reportJson } from '@mobileone/measure'
import { type StudyNetwork, studyNames, studyNetwork } from '@mobileone/measure/studies'
import { lacking } from '@mobileone/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { help, parseOptions } from '../src/options.ts'
import { runStudy } from '../src/run-study.ts'
import { fillStudies, studyNetworks, writeStudies } from '../src/study-documents.ts'
import { tiny } from './tiny.ts'

const tinyNetworks: readonly StudyNetwork[] = ['s0', 's0@160'].map((id) =>
  studyNetwork(id, `Tiny ${id}`, () => tiny),
)
const options = (...args: string[]): NonNullable<ReturnType<typeof parseOptions>> => {
  const parsed = parseOptions(args)
  if (!parsed) throw new Error('the options ask for the help')
  return parsed
}

describe('options of studies', () => {
  it('are those of minutes in Chromium, unless something else is said', () => {
    expect(options('--study', 'zoo,predictors')).toMatchObject({
      studies: ['zoo', 'predictors'],
      contenders: ['mobileone-wasm', 'ort-wasm'],
      runtimes: ['chromium'],
      threads: [1],
      protocol: { rounds: 10, starts: 2 },
    })
    expect(options('--study', 'all', '--quick')).toMatchObject({
      studies: studyNames,
      quick: true,
      protocol: { rounds: 3, starts: 1 },
    })
    expect(options('--study', 'zoo', '-c', 'tfjs-wasm', '-r', 'node', '-t', '1,2')).toMatchObject({
      contenders: ['tfjs-wasm'],
      runtimes: ['node'],
      threads: [1, 2],
    })
    expect(options('--study', 'zoo', '--gpu').contenders).toEqual(['mobileone-webgpu', 'ort-webgpu'])
    for (const name of studyNames) expect(help).toContain(name)
  })
  it('name networks of the study, or all of it', () => {
    const ids = (...args: string[]): string[] => studyNetworks(options(...args)).map(({ id }) => id)
    expect(ids('--study', 'resolution', '--networks', 's0,s0@160')).toEqual(['s0@160', 's0'])
    expect(ids('--study', 'branches', '--quick')).toEqual(['s0', 's0-k1-train', 's0-k4-train'])
    expect(() => ids('--study', 'branches', '--networks', 'resnet18')).toThrow(
      /--networks takes s0, .*no "resnet18"/,
    )
  })
})

describe.skipIf(lacking('chromium'))('a study of tiny networks in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mobileone-study-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const given = options('--study', 'resolution', '--runs', '4', '--starts', '2')

  it('measures every network with every contender in two sweeps, and writes what it says', async () => {
    const report = await runStudy({ ...given, networks: tinyNetworks })
    expect(report.skipped).toEqual([])
    expect(report.stopped).toBeUndefined()
    expect(report.results).toHaveLength(4)
    for (const { samples, starts, contender, steps, maxRelError } of report.results) {
      expect([samples.length, starts.length]).toEqual([4, 2])
      expect(maxRelError).toBeLessThan(1e-4)
      if (contender === 'mobileone-wasm') expect(steps).toBeGreaterThan(5)
    }
    const copy: Report = parseReport(reportJson(report))
    const path = join(folder, 'study.md')
    writeFileSync(
      path,
      '# S\n\n<!-- study run -->\nold\n<!-- /study -->\n<!-- study resolution -->\n<!-- /study -->\nend\n',
    )
    writeStudies(path, copy)
    const written = readFileSync(path, 'utf8')
    expect(written).toMatch(/2 sweeps over all networks, 4 timed runs/)
    expect(written).toMatch(/### MobileOne-S0, by resolution\n\n\| pixels \|/)
    expect(written).not.toContain('old')
    writeStudies(path, copy)
    expect(readFileSync(path, 'utf8')).toBe(written)
  })

  it('keeps what it has when it is interrupted', async () => {
    const interrupt = new AbortController()
    const report = await runStudy({
      ...given,
      networks: tinyNetworks,
      signal: interrupt.signal,
      onProgress: ({ phase }) =>
        phase.startsWith('Tiny s0@160: start') && interrupt.abort(new Error('SIGINT')),
    })
    expect(report.stopped).toMatch(/abort/)
    expect(report.results.map(({ variant }) => variant)).toEqual(['s0', 's0'])
    for (const { incomplete } of report.results) expect(incomplete).toMatch(/, after 2 of 4 runs$/)
  })
})

it('a document without places is refused', () => {
  expect(fillStudies('# no place', {} as Report)).toBeUndefined()
  expect(() => writeStudies('/nowhere/study.md', {} as Report)).toThrow(/cannot read \/nowhere\/study.md/)
})
