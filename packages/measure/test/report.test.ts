import { describe, expect, it } from 'vitest'
import { ratioToOurs, reportMarkdown, reportText } from '../src/index.ts'
import { makeReport, makeResult } from './make-report.ts'

describe('reports', () => {
  const report = makeReport([makeResult('ort-wasm', [30]), makeResult('mobileone-wasm', [10])], {
    skipped: [
      { contender: 'x', variant: 's0', runtime: 'node', threads: 2, reason: 'has no threads' },
      { contender: 'x', variant: 's1', runtime: 'node', threads: 2, reason: 'has no threads' },
    ],
  })

  it('give ratios against ours', () => {
    expect(ratioToOurs(report.results[0]!, report)).toBe(3)
    expect(ratioToOurs({ ...report.results[0]!, threads: 2 }, report)).toBeUndefined()
  })

  it('are aligned for a terminal, the fastest first', () => {
    const lines = reportText(report).split('\n')
    const header = lines.findIndex((line) => line.startsWith('contender'))
    expect(lines[header + 2]).toMatch(
      /^mobileone-wasm +1 +10\.0 +10\.0 +1\.00 +50\.0 +90 +1\.00 +20\.0 +300 +321/,
    )
    expect(lines[header + 3]).toMatch(/^ort-wasm +1 +30\.0 +30\.0 +3\.00/)
    const column = lines[header]!.indexOf('× ours') + '× ours'.length
    expect(lines[header + 2]!.slice(0, column)).toMatch(/1\.00$/)
    expect(lines).toContain('  x ×2 in node (s0, s1): has no threads')
  })

  it('say when the machine was busy', () => {
    const load = { before: [3, 2, 1], after: [0, 0, 0] }
    const busy = { ...report, machine: { ...report.machine, load } }
    expect(reportText(busy)).toMatch(/^The machine was busy/)
    expect(reportText(report)).not.toContain('busy')
  })

  it('are Markdown tables', () => {
    const markdown = reportMarkdown(report)
    expect(markdown).toContain('### S0 in chromium')
    expect(markdown).toMatch(/\| \*\*mobileone-wasm\*\* \| \*\*1\*\* \|/)
    const rows = markdown.split('\n').filter((line) => line.startsWith('|'))
    expect(new Set(rows.map((row) => row.split('|').length)).size).toBe(1)
  })

  it('show only starts where only those were measured', () => {
    const starts = report.results.map((each) => ({ ...each, medianMs: null, p95Ms: null, gflops: null }))
    const text = reportText({ ...report, results: starts })
    expect(text).toContain('start')
    expect(text).not.toContain('p95')
  })
})
