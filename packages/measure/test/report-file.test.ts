import { isMobileOneError } from '@mobileone/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  busyReason,
  compareReports,
  comparisonText,
  parseReport,
  protocol,
  reportJson,
  reportSvg,
  reportText,
  speedRatio,
  summaryFromText,
  summaryOf,
  summaryToText,
  verdictsOf,
} from '../src/index.ts'
import { makeReport, makeResult } from './make-report.ts'

const around = (ms: number): number[] =>
  Array.from({ length: 20 }, (_, index) => ms + ((7 * index) % 5) / 100)
const report = makeReport([
  makeResult('ort-wasm', around(30)),
  makeResult('mobileone-wasm', around(10)),
  makeResult('tfjs-wasm', around(40), { incomplete: 'the page is lost, after 20 of 30 runs' }),
])

describe('a report as a file', () => {
  it('is read back as it was', () => {
    expect(parseReport(reportJson(report))).toEqual(report)
  })

  it('is read where an earlier version wrote it', () => {
    expect(parseReport(JSON.stringify(report))).toEqual(report)
  })

  it.each([
    ['nothing', '', /not JSON/],
    ['something else', '[1, 2]', /machine|date|object/],
    ['a later version', JSON.stringify({ ...report, reportVersion: 3 }), /version is 3/],
    ['a text for a time', JSON.stringify({ ...report, peakGflops: 'x' }), /peakGflops/],
    [
      'a negative sample',
      JSON.stringify({ ...report, results: [{ ...report.results[0], samples: [1, -1] }] }),
      /results\.0\.samples\.1/,
    ],
    ['a long name', JSON.stringify({ ...report, versions: { x: 'y'.repeat(5000) } }), /versions/],
  ])('is refused where it holds %s', (_, json, message) => {
    expect(() => parseReport(json)).toThrow(message)
    expect(() => parseReport(json)).toThrow(expect.objectContaining({ code: 'invalid-file' }))
  })

  it('is refused or read, whatever a stranger puts into it', () => {
    const anything = fc.oneof(fc.jsonValue(), fc.constantFrom(null, [], {}, -1, 1e308, '__proto__'))
    const keys = fc.constantFrom(...Object.keys(report), 'reportVersion')
    fc.assert(
      fc.property(keys, anything, (key, value) => {
        try {
          const read = parseReport(JSON.stringify({ ...report, [key]: value }))
          reportText(read)
          reportSvg(read)
        } catch (error) {
          if (!isMobileOneError(error)) throw error
        }
      }),
      { numRuns: 300, seed: 5 },
    )
  })
})

describe('a verdict', () => {
  it('says who won, by how much and how sure that is', () => {
    const [verdict] = verdictsOf(report)
    expect(verdict).toMatchObject({ winner: 'mobileone-wasm', lead: { over: 'ort-wasm' } })
    expect(verdict?.lead?.ratio).toBeCloseTo(3, 1)
    expect(verdict?.text).toMatch(
      /^S0 in chromium, 1 thread: mobileone-wasm wins with 10\.0 ms: ort-wasm takes 3\.00 times as long \(95 % interval 2\.\d\d to 3\.\d\d\)\.$/,
    )
    expect(reportText(report)).toContain(verdict?.text)
  })

  it('says that two are alike where the samples do not tell them apart', () => {
    const alike = makeReport([makeResult('a', [10, 11, 12, 30]), makeResult('b', [12, 10, 31, 11])])
    expect(verdictsOf(alike)[0]?.text).toContain('are alike')
  })

  it('ranks and compares by the figure of the protocol', () => {
    const least = protocol('paper')
    const seldom = makeResult('a', [5, 5, 5, 3], { minMs: 3 })
    const steady = makeResult('b', [3.1, 3.1, 3.1, 3.1], { minMs: 3.1 })
    const first = makeReport([seldom, steady], { protocol: least })
    expect(verdictsOf(first)[0]?.text).toMatch(/: a wins with 3\.00 ms: b takes 1\.03 times as long\.$/)
    const later = makeReport([{ ...seldom, minMs: 2 }], { protocol: least })
    expect(compareReports(first, later).results[0]).toMatchObject({
      beforeMs: 3,
      afterMs: 2,
      change: 'faster',
    })
    const medians = makeReport([seldom])
    expect(compareReports(first, medians).results[0]?.change).toBe('unknown')
  })

  it('has an interval that holds the ratio, and narrows with paired samples', () => {
    const slow = Array.from({ length: 30 }, (_, round) => 10 + (round % 3) * 5)
    const twice = slow.map((ms) => 2 * ms)
    const paired = speedRatio(twice, slow)!
    expect(paired).toEqual({ ratio: 2, low: 2, high: 2 })
    const unpaired = speedRatio(twice.slice(1), slow)!
    expect(unpaired.low).toBeLessThan(2)
    expect(unpaired.high).toBeGreaterThan(2)
    expect(speedRatio([], slow)).toBeUndefined()
  })

  it('warns of a busy machine by its load or by its peak', () => {
    const quiet = report.peaks[0]!
    expect(busyReason(report)).toBeUndefined()
    const uneven = { ...quiet, samples: [55, 55, 54, 30, 31] }
    expect(busyReason({ ...report, peaks: [uneven] })).toMatch(/up to 4\d % slower/)
    const load = { before: [3, 2, 1], after: [0, 0, 0] }
    expect(busyReason({ ...report, machine: { ...report.machine, load } })).toMatch(
      /load was 3\.0 on 2 cores/,
    )
  })
})

describe('two reports side by side', () => {
  it('tell what became faster, slower, and what is no longer there', () => {
    const later = makeReport(
      [
        makeResult('mobileone-wasm', around(8)),
        makeResult('ort-wasm', around(30)),
        makeResult('litert-wasm', around(9)),
      ],
      { versions: { chromium: '2' } },
    )
    const comparison = compareReports(report, later)
    const changes = Object.fromEntries(comparison.results.map(({ contender, change }) => [contender, change]))
    expect(changes).toEqual({
      'ort-wasm': 'alike',
      'mobileone-wasm': 'faster',
      'tfjs-wasm': 'removed',
      'litert-wasm': 'added',
    })
    expect(comparison.differences).toEqual(['chromium: 1 and 2'])
    const text = comparisonText(comparison)
    expect(text).toMatch(/mobileone-wasm ×1 +s0 in chromium +10\.0 +8\.0\d +0\.80 /)
    expect(text).toContain('What else differs\n  chromium: 1 and 2')
  })
})

describe('a picture of a report', () => {
  it('has a bar for each result and its text escaped', () => {
    const svg = reportSvg(
      makeReport([makeResult('<script>&"', around(5)), makeResult('mobileone-wasm', around(4))]),
    )
    expect(svg.match(/<rect class="bar/g)).toHaveLength(2)
    expect(svg).not.toContain('<script>')
    expect(svg).toContain('&#60;script&#62;&#38;&#34;')
  })
})

describe('a summary in a link', () => {
  it('goes there and back, in few characters', async () => {
    const text = await summaryToText(summaryOf(report))
    expect(text).toMatch(/^[\w-]+$/)
    expect(text.length).toBeLessThan(500)
    const summary = await summaryFromText(text)
    expect(summary).toMatchObject({ date: report.date, protocol: 'default', versions: report.versions })
    expect(summary.results).toHaveLength(3)
    expect(summary.results[1]).toMatchObject({ contender: 'mobileone-wasm', ms: 10.02 })
  })

  it.each([
    ['nothing', ''],
    ['other characters', 'a b'],
    ['something else', 'AAAA'],
    ['a text beyond its limit', 'A'.repeat(200_000)],
  ])('is refused where it is %s', async (_, text) => {
    await expect(summaryFromText(text)).rejects.toMatchObject({ code: 'invalid-file' })
  })

  it('is refused where it unpacks to too much', async () => {
    const zeros = new Blob([new Uint8Array(20_000_000)]).stream()
    const packed = new Response(zeros.pipeThrough(new CompressionStream('deflate-raw')))
    const text = Buffer.from(await packed.arrayBuffer()).toString('base64url')
    expect(text.length).toBeLessThan(100_000)
    await expect(summaryFromText(text)).rejects.toMatchObject({ code: 'invalid-file' })
  })
})
