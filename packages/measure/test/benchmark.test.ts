import { reference } from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import {
  backendContender,
  benchmark,
  createPause,
  type Host,
  type Lane,
  localHost,
  localLane,
  prepareSubject,
  protocol,
  type Result,
  type Subject,
} from '../src/index.ts'
import { tinyModel } from './tiny.ts'

const model = tinyModel()

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

  it('keeps what it had measured of a contender that is lost, and of all when it is stopped', async () => {
    const subject = await prepareSubject('tiny', model)
    const stop = new AbortController()
    const told: Result[] = []
    let turns = 0
    const mortal = lane('mortal', async (given) => {
      const host = referenceHost(given)
      return {
        ...host,
        turn: (turn) => (++turns > 3 ? Promise.reject(new Error('the page is lost')) : host.turn(turn)),
      }
    })
    const running = benchmark({
      subjects: [subject],
      lanes: [mortal, lane('other', async (given) => referenceHost(given))],
      protocol: protocol('default', { runs: 10 }),
      onProgress: ({ phase, done }) => {
        if (phase === 'tiny: run' && done === 5) stop.abort()
      },
      onResult: (result) => told.push(result),
      signal: stop.signal,
    })
    await expect(running).rejects.toMatchObject({ code: 'aborted' })
    const kept = Object.fromEntries(told.map((result) => [result.contender, result]))
    expect(kept.mortal?.samples).toHaveLength(3)
    expect(kept.mortal?.incomplete).toBe('the page is lost, after 3 of 10 runs')
    expect(kept.mortal?.medianMs).toBeGreaterThan(0)
    expect(kept.other?.samples).toHaveLength(5)
    expect(kept.other?.incomplete).toMatch(/aborted.*, after 5 of 10 runs$/)
  })

  it('keeps all it had measured when it is stopped while photographs are classified', async () => {
    const subject = await prepareSubject('tiny', model)
    const photographs = [{ input: subject.input.data, label: 0 }]
    const stop = new AbortController()
    const told: Result[] = []
    const running = benchmark({
      subjects: [{ ...subject, photographs }],
      lanes: [lane('a', async (given) => referenceHost(given))],
      protocol: protocol('default', { runs: 3 }),
      onProgress: ({ phase }) => {
        if (phase.includes('photographs')) stop.abort()
      },
      onResult: (result) => told.push(result),
      signal: stop.signal,
    })
    await expect(running).rejects.toMatchObject({ code: 'aborted' })
    expect(told.map(({ contender, samples }) => [contender, samples.length])).toEqual([['a', 3]])
  })

  it('holds between two turns until it goes on, and can be stopped meanwhile', async () => {
    const subject = await prepareSubject('tiny', model)
    const pause = createPause()
    const stop = new AbortController()
    const rounds: number[] = []
    const running = benchmark({
      subjects: [subject],
      lanes: [lane('a', async (given) => referenceHost(given))],
      protocol: protocol('default', { runs: 6 }),
      onProgress: ({ phase, done }) => {
        if (phase !== 'tiny: run') return
        rounds.push(done)
        if (done === 2 || done === 4) pause.pause()
      },
      signal: stop.signal,
      pause,
    })
    await expect.poll(() => rounds).toEqual([0, 1, 2])
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(rounds).toEqual([0, 1, 2])
    pause.resume()
    await expect.poll(() => rounds).toEqual([0, 1, 2, 3, 4])
    expect(pause.isPaused).toBe(true)
    stop.abort()
    await expect(running).rejects.toMatchObject({ code: 'aborted' })
  })

  it('takes contenders of this process, which need nothing but a name', async () => {
    const { results, skipped } = await benchmark({
      subjects: [await prepareSubject('tiny', model)],
      lanes: [
        localLane('mine', async () => backendContender(reference())),
        localLane('bytes', async () => backendContender(reference()), { write: () => new Uint8Array(8) }),
      ],
      protocol: protocol('default', { runs: 2 }),
    })
    expect(results).toHaveLength(1)
    expect(results[0]).toMatchObject({ contender: 'mine', runtime: 'node', threads: 1, peakShare: null })
    expect(results[0]?.memoryKind).toBe('what the contender says it holds')
    expect(results[0]?.memoryBytes).toBeGreaterThan(0)
    expect(skipped.map(({ contender, reason }) => [contender, reason])).toEqual([
      ['bytes', expect.stringMatching(/^reference takes a model here, not the bytes of a file/)],
    ])
  })

  it('measures networks of one input and one output alone', async () => {
    const two = { ...model, outputs: { ...model.outputs, again: 'head' } }
    await expect(prepareSubject('two', two)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(/has the inputs \w+ and the outputs logits, again \(withOutputs\)/),
    })
  })
})
