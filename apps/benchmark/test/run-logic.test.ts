import { type Report, type Result, trimmed, verdictsOf } from '@mobileone/measure'
import { describe, expect, it } from 'vitest'
import { WorkClock } from '../src/site/measure/work-clock.ts'
import {
  lanesOf,
  presetOf,
  presets,
  protocolOf,
  refusalOf,
  runParameters,
} from '../src/site/pages/run/run-choice.ts'
import { leftText, phaseText } from '../src/site/pages/run/run-words.ts'
import { sampleMarks, timeScale } from '../src/site/parts/sample-marks.ts'
import { verdictText } from '../src/site/parts/verdict-words.ts'
import type { DeviceFacts } from '../src/site/state/device.ts'
import { queryOf, valuesOf } from '../src/site/state/query.ts'

const device: DeviceFacts = { threads: 2, noGpu: undefined, noHalf: 'no float16' }
const choiceOf = (query: string) => valuesOf(runParameters, query)

describe('what is chosen', () => {
  it('is a preset where it is, and comes back from the address', () => {
    for (const { name, changes } of presets) {
      const choice = { ...choiceOf('?networks=s1&size=160&batch=4'), ...changes }
      expect(presetOf(choice)?.name).toBe(name)
      expect(valuesOf(runParameters, queryOf(runParameters, choice)), name).toEqual(choice)
    }
    expect(presetOf(choiceOf('?rounds=7'))).toBeUndefined()
  })

  it('has the protocols of others, and the visitor’s numbers', () => {
    const protocol = (query: string) => {
      const { rounds, runsPerTurn, trim, recreate, headline } = protocolOf(choiceOf(query))
      return [rounds, runsPerTurn, trim, recreate, headline]
    }
    expect(protocol('')).toEqual([12, 1, 0, false, 'medianMs'])
    expect(protocol('?protocol=modelbench')).toEqual([20, 50, 10, true, 'meanMs'])
    expect(protocol('?protocol=paper')).toEqual([100, 10, 0, false, 'minMs'])
    expect(protocol('?protocol=paper&rounds=3&runs=4&trim=1')).toEqual([3, 4, 1, false, 'minMs'])
    expect(protocol('?protocol=modelbench&rounds=2&runs=10&trim=3')).toEqual([2, 10, 3, true, 'meanMs'])
    expect(protocol('?rounds=5&runs=2')).toEqual([5, 2, 0, false, 'medianMs'])
  })

  it('makes lanes of contenders, threads and precisions, with what refuses', () => {
    const lanes = lanesOf(
      choiceOf(
        '?contenders=mobileone-wasm,mobileone-webgpu,tfjs-webgpu&threads=1,8&precision=float32,float16',
      ),
      device,
    )
    expect(lanes.map(({ entry, threads, refusal }) => [entry.name, threads, refusal])).toEqual([
      ['mobileone-wasm', 1, undefined],
      ['mobileone-wasm', 8, 'this device has 2 cores'],
      ['mobileone-webgpu', 1, undefined],
      ['mobileone-webgpu-f16', 1, 'no float16'],
      ['tfjs-webgpu', 1, undefined],
    ])
    const names = (query: string) =>
      lanesOf(choiceOf(query), device).map(({ entry, threads }) => `${entry.name} ×${threads}`)
    expect(names('?contenders=mobileone-wasm,tfjs-wasm,ort-wasm&threads=1,2&precision=int8')).toEqual([
      'mobileone-wasm-int8 ×1',
      'mobileone-wasm-int8 ×2',
      'ort-wasm-int8 ×1',
      'ort-wasm-int8 ×2',
    ])
    expect(names('?contenders=mobileone-wasm,tfjs-wasm&precision=float32,int8')).toEqual([
      'mobileone-wasm ×1',
      'mobileone-wasm-int8 ×1',
      'tfjs-wasm ×1',
    ])
    const onlyHalf = choiceOf('?precision=float16')
    expect(refusalOf(onlyHalf, lanesOf(onlyHalf, device), 'absent')).toMatch(
      /^Nobody that is chosen computes/,
    )
    const own = choiceOf('?networks=own')
    expect(refusalOf(own, lanesOf(own, device), 'absent')).toMatch(/file of your network/)
    expect(refusalOf(own, lanesOf(own, device), 'refused')).toMatch(/cannot be measured/)
    expect(refusalOf(own, lanesOf(own, device), 'reading')).toMatch(/being read/)
    expect(refusalOf(own, lanesOf(own, device), 'ready')).toBeUndefined()
    const gpu = choiceOf('?contenders=tfjs-webgpu')
    expect(refusalOf(gpu, lanesOf(gpu, { ...device, noGpu: 'none' }), 'absent')).toMatch(/Nothing/)
  })
})

describe('the time that is left', () => {
  const protocol = { starts: 1, rounds: 10, settle: 1, runsPerTurn: 1 }
  it('comes of what was measured, ends at 0, and the share that is done never falls', () => {
    const clock = new WorkClock({ macs: [1e8, 2e8], lanes: ['a', 'b'], protocol })
    const shares: number[] = []
    let now = 0
    const look = (): void => void shares.push(clock.fraction(now))
    for (const network of [0, 1]) {
      const slow = network + 1
      clock.referenceBegins(network, now)
      now += 1600 * slow
      look()
      clock.referenceEnds(now)
      for (const lane of ['a', 'b']) {
        now += 600
        clock.started(lane, 600, 50 * slow)
      }
      if (network === 0) expect(clock.left(now)).toBeGreaterThan(2 * 10 * 100)
      for (let round = 0; round < 10; round++) {
        for (const lane of ['a', 'b']) {
          now += 160 * slow
          clock.turned(lane, 160 * slow)
        }
        // What is left of the first network is known from its own turns: 160 ms each.
        if (network === 1) expect(clock.left(now)).toBeCloseTo((9 - round) * 2 * 320, 5)
        look()
      }
    }
    expect(clock.left(now)).toBe(0)
    expect(shares.at(-1)).toBe(1)
    for (const [index, share] of shares.entries())
      expect(share, `${index}`).toBeGreaterThan((shares[index - 1] ?? 0) - 0.05)
  })

  it('does not wait for a lane that is lost, nor for a network that cannot be made', () => {
    const clock = new WorkClock({ macs: [1e8], lanes: ['a', 'b'], protocol })
    clock.referenceBegins(0, 0)
    clock.referenceEnds(100)
    clock.started('a', 100, 10)
    clock.ended('b')
    const left = clock.left(100)
    expect(left).toBe(10 * (2 * 10 + 60))
    clock.ended()
    expect(clock.left(100)).toBe(0)
  })

  it.each([
    [1000, 'a few seconds left'],
    [38_000, 'about 40 s left'],
    [130_000, 'about 2 min left'],
    [3 * 3_600_000, 'about 3 h left'],
  ])('%i ms is %s', (ms, text) => {
    expect(leftText(ms)).toBe(text)
  })
})

describe('words', () => {
  it.each([
    ['s0@64: reference', 0, 'MobileOne-S0, 64 px: computing the right answer'],
    [
      's0@64: start ort-wasm ×2 in browser',
      0,
      'MobileOne-S0, 64 px: starting ONNX Runtime Web, wasm, 2 threads',
    ],
    ['s0@64: run', 4, 'MobileOne-S0, 64 px: round 5 of 12'],
    ['s0@64: check tfjs-wasm ×1 in browser', 0, 'MobileOne-S0, 64 px: checking TensorFlow.js, wasm'],
  ])('%s', (phase, done, text) => {
    expect(phaseText({ phase, variant: 's0@64', done, total: 12 })).toBe(text)
  })

  it('say who won, or that nobody did, with human names', () => {
    const result = (contender: string, medianMs: number, samples: readonly number[]) =>
      ({
        contender,
        variant: 's0',
        runtime: 'browser',
        threads: 1,
        medianMs,
        samples,
      }) as Partial<Result> as Result
    const spread = (ms: number, by: number): number[] =>
      Array.from({ length: 20 }, (_, index) => ms + by * Math.sin(index))
    const text = (second: Result): string => {
      const report = {
        results: [result('mobileone-wasm', 10, spread(10, 0.1)), second],
        protocol: protocolOf(choiceOf('')),
        skipped: [],
        peaks: [],
      } as Partial<Report> as Report
      return verdictText(verdictsOf(report)[0]!, report)
    }
    expect(text(result('ort-wasm', 15, spread(15, 0.1)))).toMatch(
      /^On 1 thread, MobileOne, wasm, wins with 10\.0 ms: ONNX Runtime Web, wasm takes 1\.50 times as long/,
    )
    expect(text(result('ort-wasm', 10.01, spread(10.01, 2)))).toMatch(/are alike at 10\.0 ms/)
  })
})

describe('the samples of a plot', () => {
  it('are all there, and those left out are those that the mean leaves out', () => {
    const samples = [5, 1, 9, 3, 7, 2, 2, 2, 8, 4]
    const protocol = { runsPerTurn: 5, trim: 1 }
    const marks = sampleMarks(samples, protocol)
    expect(marks.map(({ ms }) => ms)).toEqual(samples)
    for (const turn of [1, 2]) {
      const kept = marks.filter((mark) => mark.turn === turn && !mark.isTrimmed).map(({ ms }) => ms)
      expect(kept.sort((a, b) => a - b)).toEqual(trimmed(samples.slice(5 * turn - 5, 5 * turn), 1))
    }
    expect(sampleMarks(samples, { runsPerTurn: 1, trim: 0 }).every(({ isTrimmed }) => !isTrimmed)).toBe(true)
  })
  it('fit an axis of round numbers', () => {
    const { end, ticks } = timeScale([{ medianMs: 12, p95Ms: 14 }], 5)
    expect(ticks).toEqual([0, 5, 10, 15, 20])
    expect(end).toBe(20)
    // An outlier does not make the rest a speck.
    expect(timeScale([{ medianMs: 1, p95Ms: 500 }], 5).end).toBeLessThan(6)
  })
})
