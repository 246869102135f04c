import { describe, expect, it } from 'vitest'
import { createPause, type Lane, protocol, type Subject } from '../../src/index.ts'
import {
  type MeasureNetworksOptions,
  measureNetworks,
  type StudyNetwork,
  type StudyProgress,
  studyNetwork,
} from '../../src/studies/index.ts'
import { tinyModel } from '../tiny.ts'

const tiny = (id: string): StudyNetwork => studyNetwork(id, `Tiny ${id}`, () => tinyModel([16, 16]))
const networks = [tiny('a'), tiny('b'), tiny('c')]

async function prepare(network: StudyNetwork): Promise<Subject> {
  const model = network.make()
  const [input] = Object.values(tinyModel().inputs)
  return {
    variant: network.id,
    model,
    input: { ...input, data: new Float32Array(3) } as Subject['input'],
    expected: [1, 2, 3],
    macs: 1000,
    weightBytes: 4,
  }
}

interface FakeLane {
  readonly name?: string
  /** Called before each turn with its number over all networks and sweeps. */
  readonly onTurn?: (turn: number, network: string) => void
  readonly onOpen?: (network: string) => void
}

function fakeLane({ name = 'fake', onTurn, onOpen }: FakeLane = {}): Lane & { readonly opened: string[] } {
  const opened: string[] = []
  let turns = 0
  return {
    contender: name,
    runtime: 'node',
    threads: 1,
    opened,
    async open({ variant }) {
      onOpen?.(variant)
      opened.push(variant)
      return {
        start: async () => ({ loadMs: 1, compileMs: opened.length, firstMs: 1, output: [1, 2, 3], steps: 7 }),
        turn: async ({ runs }) => {
          onTurn?.(turns, variant)
          turns++
          return Array.from({ length: runs }, () => turns)
        },
        finish: async () => ({ output: [1, 2, 3], memory: { bytes: 9, kind: 'made up' } }),
        close: async () => {},
      }
    },
  }
}

const options = (lanes: readonly Lane[]): MeasureNetworksOptions => ({
  networks,
  lanes,
  protocol: protocol('default', { runs: 4, starts: 2 }),
  prepare,
})

describe('measureNetworks', () => {
  it('goes through all networks as often as there are starts, and joins what it measured of each', async () => {
    const lane = fakeLane()
    let prepared = 0
    const { results, skipped, stopped } = await measureNetworks({
      ...options([lane]),
      prepare: (network) => {
        prepared++
        return prepare(network)
      },
    })
    expect(lane.opened).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
    expect(prepared).toBe(3)
    expect([skipped, stopped]).toEqual([[], undefined])
    expect(results.map(({ variant, samples }) => [variant, samples])).toEqual([
      ['a', [1, 2, 7, 8]],
      ['b', [3, 4, 9, 10]],
      ['c', [5, 6, 11, 12]],
    ])
    expect(results[0]).toMatchObject({ medianMs: 4.5, compileMs: 2.5, steps: 7, memoryBytes: 9 })
    expect(results[0]?.starts).toHaveLength(2)
    expect(results[0]).not.toHaveProperty('incomplete')
  })

  it('keeps what it measured of a contender that is lost in the middle, says so, and goes on with the others', async () => {
    const losing = fakeLane({
      name: 'losing',
      onTurn: (turn) => {
        if (turn >= 7) throw new Error('the page crashed\nwith a stack')
      },
      onOpen: () => {},
    })
    const { results, stopped } = await measureNetworks(options([losing, fakeLane({ name: 'steady' })]))
    expect(stopped).toBeUndefined()
    const of = (contender: string) => results.filter((result) => result.contender === contender)
    expect(of('steady').map(({ samples, incomplete }) => [samples.length, incomplete])).toEqual([
      [4, undefined],
      [4, undefined],
      [4, undefined],
    ])
    expect(
      of('losing').map(({ variant, samples, incomplete }) => [variant, samples.length, incomplete]),
    ).toEqual([
      ['a', 3, 'the page crashed, after 3 of 4 runs'],
      ['b', 2, 'the page crashed, after 2 of 4 runs'],
      ['c', 2, 'the page crashed, after 2 of 4 runs'],
    ])
  })

  it('keeps all networks before when the runtime itself is gone', async () => {
    let isGone = false
    const lane = fakeLane({
      onOpen: (network) => {
        if (network === 'c') isGone = true
        if (isGone) throw new Error('the browser has been closed')
      },
    })
    const { results, skipped } = await measureNetworks(options([lane]))
    expect(results.map(({ variant, incomplete }) => [variant, incomplete])).toEqual([
      ['a', 'the browser has been closed, after 2 of 4 runs'],
      ['b', 'the browser has been closed, after 2 of 4 runs'],
    ])
    expect(skipped).toEqual([
      { contender: 'fake', variant: 'c', runtime: 'node', threads: 1, reason: 'the browser has been closed' },
    ])
  })

  it('gives what there is when it is stopped', async () => {
    const stop = new AbortController()
    const lane = fakeLane({ onTurn: (turn) => turn === 7 && stop.abort(new Error('SIGINT')) })
    const seen: number[] = []
    const { results, stopped } = await measureNetworks({
      ...options([lane]),
      signal: stop.signal,
      onResults: (all) => seen.push(all.length),
    })
    expect(stopped).toMatch(/study|benchmark/)
    expect(seen).toEqual([1, 2, 3])
    expect(results.map(({ variant, samples }) => [variant, samples.length])).toEqual([
      ['a', 4],
      ['b', 2],
      ['c', 2],
    ])
    expect(results[2]?.incomplete).toMatch(/, after 2 of 4 runs$/)
  })

  it('prepares a network anew in every sweep where it is released', async () => {
    const steps: string[] = []
    await measureNetworks({
      ...options([fakeLane()]),
      networks: networks.slice(0, 1),
      prepare: (network) => {
        steps.push(`prepare ${network.id}`)
        return prepare(network)
      },
      release: ({ variant }) => steps.push(`release ${variant}`),
    })
    expect(steps).toEqual(['prepare a', 'release a', 'prepare a', 'release a'])
  })

  it('holds while it is paused', async () => {
    const pause = createPause()
    let turns = 0
    const lane = fakeLane({
      onTurn: (turn) => {
        turns = turn
        if (turn === 2) pause.pause()
      },
    })
    const run = measureNetworks({ ...options([lane]), pause })
    await expect.poll(() => pause.isPaused).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(turns).toBe(2)
    pause.resume()
    expect((await run).results).toHaveLength(3)
  })

  it('leaves out a network that cannot be prepared, with the reason', async () => {
    const { results, skipped } = await measureNetworks({
      ...options([fakeLane()]),
      prepare: async (network) => {
        if (network.id === 'b') throw new Error('no input fits')
        return prepare(network)
      },
    })
    expect(results.map(({ variant }) => variant)).toEqual(['a', 'c'])
    expect(skipped).toMatchObject([{ variant: 'b', reason: 'no input fits' }])
  })

  it('tells how far it is, in titles, and how long it will take', async () => {
    const told: StudyProgress[] = []
    await measureNetworks({ ...options([fakeLane()]), onProgress: (progress) => told.push(progress) })
    const shares = told.map(({ share }) => share)
    expect(shares).toEqual([...shares].sort((a, b) => a - b))
    expect(told[0]?.phase).toBe('Tiny a: the right answer')
    expect(told.some(({ phase }) => phase === 'Tiny c: run')).toBe(true)
    expect(told.at(-1)?.share).toBeGreaterThan(0.8)
    expect(told.at(-1)?.secondsLeft).toBeGreaterThanOrEqual(0)
  })
})
