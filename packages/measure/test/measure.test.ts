import { type Backend, reference } from '@mobileone/core'
import { expect, it } from 'vitest'
import {
  backendLane,
  createPause,
  measure,
  parseReport,
  protocol,
  reportJson,
  reportText,
  verdictsOf,
} from '../src/index.ts'
import { tinyModel } from './tiny.ts'

const quick = protocol('default', { runs: 4 })

/** The reference, which then waits. */
function slow(ms: number): Backend {
  const naive = reference()
  return {
    ...naive,
    async compile(model, options) {
      const executor = await naive.compile(model, options)
      return {
        ...executor,
        run: async (inputs) => {
          const outputs = await executor.run(inputs)
          await new Promise((resolve) => setTimeout(resolve, ms))
          return outputs
        },
      }
    },
  }
}

it('measures networks on backends into a report of this machine that files and verdicts take', async () => {
  let made = 0
  const report = await measure({
    networks: {
      first: tinyModel(),
      second: () => {
        made++
        return tinyModel()
      },
    },
    lanes: [backendLane('naive', reference), backendLane('lazy', () => slow(30))],
    protocol: quick,
    versions: { mine: '1.2.3' },
  })
  expect(made).toBe(1)
  expect(report.skipped).toEqual([])
  expect(report.results.map(({ contender, variant }) => `${contender} ${variant}`)).toEqual([
    'naive first',
    'lazy first',
    'naive second',
    'lazy second',
  ])
  for (const { samples, maxAbsError, contender, peakShare } of report.results) {
    expect(samples).toHaveLength(4)
    expect(maxAbsError).toBe(0)
    expect(Math.min(...samples)).toBeGreaterThan(contender === 'lazy' ? 28 : 0)
    expect(peakShare).toBeGreaterThan(0)
  }
  expect(report.machine.cores).toBeGreaterThan(0)
  expect(report.machine.platform).toBe(`${process.platform} ${process.arch}`)
  expect(report.versions).toMatchObject({ node: process.versions.node, mine: '1.2.3' })
  expect(verdictsOf(report).map(({ winner }) => winner)).toEqual(['naive', 'naive'])
  expect(parseReport(reportJson(report))).toEqual(report)
  expect(reportText(report)).toMatch(/^lazy +1 +\d/m)
})

it('leaves a wrong backend out with the reason', async () => {
  const wrong: Backend = {
    ...reference(),
    compile: async (model, options) => {
      const executor = await reference().compile(model, options)
      return {
        ...executor,
        run: async (inputs) => {
          const outputs = await executor.run(inputs)
          for (const { data } of Object.values(outputs)) data[0] = 1e6
          return outputs
        },
      }
    },
  }
  const { results, skipped } = await measure({
    networks: { tiny: tinyModel() },
    lanes: [backendLane('wrong', wrong), backendLane('right', reference)],
    protocol: quick,
    peak: false,
  })
  expect(results.map(({ contender }) => contender)).toEqual(['right'])
  expect(skipped).toEqual([
    expect.objectContaining({ contender: 'wrong', reason: expect.stringMatching(/^wrong: differs/) }),
  ])
})

it('ends with what was measured when it is stopped while held', async () => {
  const stop = new AbortController()
  const pause = createPause()
  pause.pause()
  const measured: string[] = []
  const running = measure({
    networks: { tiny: tinyModel() },
    lanes: [backendLane('naive', reference)],
    protocol: quick,
    pause,
    signal: stop.signal,
    onResult: ({ contender }) => measured.push(contender),
    onProgress: ({ phase }) => {
      if (phase === 'tiny: run') setTimeout(() => stop.abort(), 20)
    },
  })
  await expect(running).rejects.toMatchObject({ code: 'aborted' })
  expect(measured).toEqual([])
})

it('says what is missing', async () => {
  await expect(measure({ networks: {}, lanes: [backendLane('naive', reference)] })).rejects.toThrow(
    'measure: there is nothing to measure; give networks',
  )
  await expect(measure({ networks: { tiny: tinyModel() }, lanes: [] })).rejects.toMatchObject({
    code: 'invalid-argument',
  })
})
