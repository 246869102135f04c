import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseReport, type Report, reportJson } from '@mobileone/measure'
import { type StudyNetwork, studyNetwork } from '@mobileone/measure/studies'
import { lacking } from '@mobileone/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { runStudy } from '../src/run-study.ts'
import { writeStudies } from '../src/study-documents.ts'
import { options } from './parsed-options.ts'
import { tiny } from './tiny.ts'

const tinyNetworks: readonly StudyNetwork[] = ['s0', 's0@160'].map((id) =>
  studyNetwork(id, `Tiny ${id}`, () => tiny),
)

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
