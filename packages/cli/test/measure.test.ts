import { configFromWidths, initialize, mobileone, reference } from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import {
  backendContender,
  benchmark,
  createPeakMeter,
  type Host,
  type Lane,
  localHost,
  mean,
  median,
  percentile,
  prepareSubject,
  protocol,
  type Report,
  ratioToOurs,
  reportMarkdown,
  reportText,
  type Subject,
  summarize,
  trimmed,
} from '../src/measure/index.ts'
import { flopPerRound, peakModule } from '../src/measure/peak-kernel.ts'

const config = configFromWidths({
  name: 'tiny',
  widths: [0.25, 0.25, 0.25, 0.25],
  blocks: [1, 1, 1, 1],
  branches: 1,
  classes: 3,
  inputSize: [32, 32],
})
const model = initialize(mobileone(config, { form: 'deploy' }), { seed: 3, statistics: 'random' })

describe('statistics', () => {
  const values = [5, 1, 4, 2, 3]
  it('takes percentiles between order statistics', () => {
    expect(median(values)).toBe(3)
    expect(percentile(values, 0.95)).toBeCloseTo(4.8, 12)
    expect(percentile([7], 0.95)).toBe(7)
    expect(mean(values)).toBe(3)
  })
  it('trims both ends and keeps at least one', () => {
    expect(trimmed(values, 1)).toEqual([2, 3, 4])
    expect(trimmed(values, 9)).toEqual([3])
    expect(trimmed([2, 1], 5)).toEqual([1, 2])
  })
})

describe('protocols', () => {
  it('are what they say', () => {
    expect(protocol('modelbench')).toMatchObject({
      rounds: 20,
      runsPerTurn: 50,
      settle: 1,
      recreate: true,
      trim: 10,
    })
    expect(protocol('modelbench', { runs: 5 }).trim).toBe(1)
    const paper = protocol('paper')
    expect(paper.rounds * paper.runsPerTurn).toBe(1000)
    expect(paper.headline).toBe('minMs')
    expect(protocol('default', { runs: 7 })).toMatchObject({ rounds: 7, runsPerTurn: 1, recreate: false })
  })
  it('take means turn by turn, without the extremes', () => {
    const samples = [1, 2, 3, 100, 10, 20, 30, 1000]
    expect(summarize(samples, { runsPerTurn: 4, trim: 1 })).toEqual({
      medianMs: 15,
      p95Ms: expect.closeTo(685, 6),
      minMs: 1,
      meanMs: (2.5 + 25) / 2,
      lowMs: 2,
      highMs: 30,
    })
  })
})

describe('the peak kernel', () => {
  it.each([true, false])('does 12 chains of multiply-adds (relaxed %s)', async (relaxed) => {
    const bytes = peakModule(relaxed)
    if (!WebAssembly.validate(bytes)) {
      expect(relaxed).toBe(true)
      return
    }
    const { instance } = await WebAssembly.instantiate(bytes)
    const peak = instance.exports.peak as (rounds: number, factor: number) => number
    // c -> c / 2 + 1 / 2 three times, for c = 0 … 11, summed.
    expect(peak(3, 0.5)).toBe(66 / 8 + 12 * 0.875)
    expect(flopPerRound).toBe(96)
  })
  it('is measured on one thread and on two', async () => {
    const meter = await createPeakMeter()
    expect(await meter.measure(1)).toBeGreaterThan(0)
    expect(await meter.measure(2)).toBeGreaterThan(0)
    meter.dispose()
  })
})

const referenceHost = (subject: Subject): Host =>
  localHost({
    threads: 1,
    assets: '',
    inputShape: subject.input.shape,
    layout: 'NCHW',
    contender: async () => ({ create: async () => backendContender(reference()) }),
    source: subject.model,
    input: subject.input.data,
    memory: { kind: 'none', bytes: () => 7 },
  })
const lane = (contender: string, open: Lane['open']): Lane => ({
  contender,
  runtime: 'node',
  threads: 1,
  open,
})

describe('the harness', () => {
  it('interleaves contenders, and leaves out the wrong, the failing and the refused', async () => {
    const subject = await prepareSubject('tiny', model)
    const turns: string[] = []
    const honest = (name: string): Lane =>
      lane(name, async (given) => {
        const host = referenceHost(given)
        return {
          ...host,
          turn: (turn) => {
            turns.push(name)
            return host.turn(turn)
          },
        }
      })
    const report = await benchmark({
      subjects: [subject],
      lanes: [
        honest('mobileone-a'),
        honest('b'),
        lane('wrong', async (given) => {
          const host = referenceHost(given)
          return {
            ...host,
            start: async () => ({ ...(await host.start()), output: given.expected.map((x) => x + 1) }),
          }
        }),
        lane('drifts', async (given) => {
          const host = referenceHost(given)
          return {
            ...host,
            finish: async () => ({ ...(await host.finish()), output: given.expected.map(() => Number.NaN) }),
          }
        }),
        lane('absent', () => Promise.reject(new Error('is not installed\n    at somewhere'))),
        { ...lane('refused', () => Promise.reject(new Error('never'))), refusal: 'needs a browser' },
      ],
      peaks: [{ runtime: 'node', threads: 1, instruction: 'none', measure: async () => 10 }],
      protocol: protocol('default', { runs: 4, starts: 2 }),
    })
    expect(report.results.map(({ contender }) => contender)).toEqual(['mobileone-a', 'b'])
    for (const result of report.results) {
      expect(result.samples).toHaveLength(4)
      expect(result.starts).toHaveLength(2)
      expect(result.maxAbsError).toBe(0)
      expect(result.memoryBytes).toBe(7)
      expect(result.gflops).toBeCloseTo((2 * result.macs) / (result.medianMs! * 1e6), 9)
      expect(result.peakShare).toBeCloseTo(result.gflops! / 10, 9)
    }
    for (let round = 0; round < 4; round++) {
      expect(turns.slice(2 * round, 2 * round + 2).sort()).toEqual(['b', 'mobileone-a'])
    }
    const reasons = Object.fromEntries(report.skipped.map(({ contender, reason }) => [contender, reason]))
    expect(reasons).toEqual({
      refused: 'needs a browser',
      wrong: expect.stringMatching(/^wrong: differs from the reference/),
      drifts: expect.stringMatching(/^wrong: differs from the reference by Infinity/),
      absent: 'is not installed',
    })
  })

  it('loads the model anew in every turn where the protocol says so', async () => {
    const subject = await prepareSubject('tiny', model)
    let loads = 0
    const host = localHost({
      threads: 1,
      assets: '',
      inputShape: subject.input.shape,
      layout: 'NHWC',
      contender: async () => ({
        create: async () => ({
          load: async () => void loads++,
          run: async (input) => input.slice(0, 3),
          dispose: async () => {},
        }),
      }),
      source: subject.model,
      input: subject.input.data,
      memory: { kind: 'none', bytes: () => null },
    })
    const { output } = await host.start()
    const pixels = 32 * 32
    expect(output).toEqual([0, 1, 2].map((channel) => subject.input.data[channel * pixels]))
    expect(await host.turn({ settle: 1, runs: 3, recreate: true })).toHaveLength(3)
    expect(loads).toBe(2)
  })

  it('stops when aborted, with every host closed', async () => {
    const subject = await prepareSubject('tiny', model)
    const stop = new AbortController()
    let open = 0
    const running = benchmark({
      subjects: [subject],
      lanes: [
        lane('a', async (given) => {
          open++
          return { ...referenceHost(given), close: async () => void open-- }
        }),
      ],
      peaks: [],
      protocol: protocol('default', { runs: 1000 }),
      onProgress: ({ done }) => {
        if (done === 2) stop.abort()
      },
      signal: stop.signal,
    })
    await expect(running).rejects.toMatchObject({ code: 'aborted' })
    expect(open).toBe(0)
  })
})

describe('reports', () => {
  const result = (contender: string, ms: number): Report['results'][number] => ({
    contender,
    variant: 's0',
    runtime: 'chromium',
    threads: 1,
    loadMs: 1,
    compileMs: 20,
    firstMs: 300,
    startMs: 321,
    medianMs: ms,
    p95Ms: ms,
    minMs: ms,
    meanMs: ms,
    lowMs: ms,
    highMs: ms,
    gflops: 50,
    peakShare: 0.9,
    memoryBytes: 12_000_000,
    memoryKind: 'linear memories',
    wireBytes: 90_000,
    wireGzipBytes: null,
    weightBytes: 8_000_000,
    maxAbsError: 2e-6,
    maxRelError: 1e-7,
    macs: 275e6,
    samples: [ms],
    starts: [],
  })
  const report: Report = {
    date: '2026-01-31T12:00:00.000Z',
    machine: { cpu: 'a CPU', cores: 2, memoryBytes: 1, platform: 'linux x64' },
    versions: { chromium: '1' },
    protocol: protocol('default'),
    peakGflops: 55,
    peaks: [{ runtime: 'chromium', threads: 1, gflops: 55, instruction: 'relaxed madd', samples: [55] }],
    results: [result('ort-wasm', 30), result('mobileone-wasm', 10)],
    skipped: [
      { contender: 'x', variant: 's0', runtime: 'node', threads: 2, reason: 'has no threads' },
      { contender: 'x', variant: 's1', runtime: 'node', threads: 2, reason: 'has no threads' },
    ],
  }

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
