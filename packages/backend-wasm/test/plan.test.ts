import { convNode } from '@mobileone/conformance'
import { type Model, type Node, spec, tensor } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import * as abi from '../src/abi.ts'
import { type ArenaBuffer, placeBuffers } from '../src/arena.ts'
import { tuningOf } from '../src/choose.ts'
import { planModel } from '../src/plan.ts'
import { constant, Program } from '../src/program.ts'

const tuning = tuningOf('plain')

describe('a program', () => {
  test('puts the words of each step and the addresses of what it points to into its record', () => {
    const program = new Program(constant(16, () => {}))
    const x = program.inputBuffer(64)
    const y = program.buffer(64)
    const z = program.buffer(64)
    const scale = constant(8, (to) => to.fill(3))
    const shared = constant(8, (to) => to.fill(5))
    const base = { kernel: 'scale', op: abi.SCALE, units: 7 }
    program.step({
      ...base,
      node: 'one',
      src: x,
      dst: y,
      weights: scale,
      scratch: 100,
      words: { [abi.PIXELS]: 9, [abi.SHIFT]: shared },
    })
    program.step({ ...base, node: 'two', src: y, dst: z, words: { [abi.SHIFT]: shared } })
    program.keep(z)
    const placed = program.place(2)
    expect(placed.steps).toEqual([
      { node: 'one', kernel: 'scale' },
      { node: 'two', kernel: 'scale' },
    ])
    expect(placed.scratchBytes).toBe(128)
    expect(placed.constants.length).toBe(3)

    const heap = new ArrayBuffer(placed.end)
    placed.writeRecords(new Int32Array(heap), 0)
    for (const { write } of placed.constants) write(new Float32Array(heap))
    const [one, two] = [0, 1].map(
      (index) => new Int32Array(heap, placed.records + index * abi.STEP_WORDS * 4, abi.STEP_WORDS),
    ) as [Int32Array, Int32Array]
    expect([one[abi.OP], one[abi.UNITS], one[abi.PIXELS]]).toEqual([abi.SCALE, 7, 9])
    expect([one[abi.SRC], one[abi.DST]]).toEqual([x.offset, y.offset])
    expect([two[abi.SRC], two[abi.DST], two[abi.WEIGHTS]]).toEqual([y.offset, z.offset, 0])
    expect(one[abi.SHIFT]).toBe(two[abi.SHIFT])
    expect([...new Float32Array(heap, one[abi.WEIGHTS], 8)]).toEqual(Array(8).fill(3))
    expect([...new Float32Array(heap, one[abi.SHIFT], 8)]).toEqual(Array(8).fill(5))
    expect(z.offset).toBe(x.offset)
    expect(y.offset).not.toBe(x.offset)
  })
})

describe('the arena', () => {
  const overlap = (a: ArenaBuffer, b: ArenaBuffer): boolean =>
    a.first <= b.last && b.first <= a.last && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes

  test.each([1, 2, 7, 64, 100])('no two buffers live at one of %i steps overlap', (steps) => {
    const at = (seed: number): number => (seed * 7919) % steps
    const buffers = Array.from({ length: 150 }, (_, i) => {
      const first = at(i + 1)
      const last = i % 11 === 0 ? Number.POSITIVE_INFINITY : Math.min(steps - 1, first + (i % 9))
      return { bytes: 64 * (1 + ((i * 31) % 17)), first, last, offset: 0 }
    })
    const end = placeBuffers(buffers, steps, 128)
    for (const [i, buffer] of buffers.entries()) {
      expect(buffer.offset).toBeGreaterThanOrEqual(128)
      expect(buffer.offset + buffer.bytes).toBeLessThanOrEqual(end)
      for (const other of buffers.slice(i + 1)) {
        expect(overlap(buffer, other), JSON.stringify([buffer, other])).toBe(false)
      }
    }
  })
})

describe('planning', () => {
  /** Pointwise convolution, relu, pointwise convolution, relu, and so on. */
  function chain(length: number): Model {
    const nodes = Array.from({ length }, (_, i): Node => {
      const input = i === 0 ? 'x' : `n${i - 1}`
      if (i % 2 === 1) return { op: 'relu', name: `n${i}`, inputs: [input] }
      return convNode(`n${i}`, input, { weight: 'w', bias: 'b' })
    })
    return {
      name: 'chain',
      inputs: { x: spec([1, 8, 4, 4]) },
      nodes,
      outputs: { out: `n${length - 1}` },
      weights: { w: tensor([8, 8, 1, 1]), b: tensor([8]) },
    }
  }

  test('time is linear in the nodes', async () => {
    const cpu = async (length: number): Promise<number> => {
      const model = chain(length)
      const start = process.cpuUsage()
      await planModel(model, 1, tuning)
      return process.cpuUsage(start).user / 1000
    }
    await cpu(3000)
    expect(await cpu(3000)).toBeLessThan(400)
    expect(await cpu(24_000)).toBeLessThan(2000)
  })

  test('a relu is part of the kernel before it, and two values suffice', async () => {
    const plan = await planModel(chain(6000), 1, tuning)
    expect(plan.steps.filter(({ kernel }) => kernel === 'pointwise+relu').length).toBe(3000)
    const weights = 3000 * Math.ceil((8 * 9 * 4) / 64) * 64
    const records = 3002 * abi.STEP_WORDS * 4
    expect(plan.end - weights - records).toBeLessThan(16 * 1024)
  })
})
