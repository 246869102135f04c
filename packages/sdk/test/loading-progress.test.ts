import { reference } from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import { createClassifier, type Progress } from '../src/index.ts'
import { withFraction } from '../src/loading-progress.ts'

const weights = new URL('../../../apps/demo/assets/fashion-mnist.safetensors', import.meta.url)

/** The fractions told for these phases. */
function fractions(given: readonly (readonly [phase: string, done: number, total?: number])[]): number[] {
  const found: number[] = []
  const tell = withFraction(({ fraction }) => found.push(fraction as number))
  for (const [phase, done, total] of given) tell({ phase, done, ...(total !== undefined && { total }) })
  return found
}

const isRising = (values: readonly number[]): boolean =>
  values.every((value, index) => value >= 0 && value <= 1 && value >= (values[index - 1] ?? 0))

describe('the fraction of the whole', () => {
  it('goes from 0 to 1 through all phases', () => {
    const phases = ['download', 'read', 'fold', 'pack', 'compile', 'warm-up']
    const steps = phases.flatMap((phase) => [0, 1, 2].map((done) => [phase, done, 2] as const))
    const found = fractions([...steps, ['ready', 1, 1]])
    expect(found[0]).toBe(0)
    expect(isRising(found)).toBe(true)
    expect(found.at(-2)).toBeCloseTo(1, 9)
    expect(found.at(-1)).toBe(1)
    expect(found[2]).toBeGreaterThan(0.5)
  })

  it('starts low where nothing is downloaded, and leaves room for what follows', () => {
    const found = fractions([
      ['read', 1, 1],
      ['pack', 0, 4],
      ['pack', 4, 4],
      ['compile', 1, 1],
    ])
    expect(found[0]).toBeLessThan(0.2)
    expect(found[1]).toBe(found[0])
    expect(found.at(-1)).toBeLessThan(1)
    expect(isRising(found)).toBe(true)
  })

  it('never goes back: not on a second backend, a second download or a phase unknown to it', () => {
    const found = fractions([
      ['read', 5, 5],
      ['verify', 0, 3],
      ['download', 0, 9],
      ['download', 9, 9],
      ['compile', 1, 1],
      ['pack', 0, 1],
      ['pack', 1, 1],
      ['compile', 0, 1],
      ['compile', 1, 1],
      ['ready', 1, 1],
    ])
    expect(isRising(found)).toBe(true)
    expect(found.at(-1)).toBe(1)
  })

  it('moves through a download of unknown length, and survives an empty one', () => {
    const found = fractions([
      ['download', 0],
      ['download', 1e7],
      ['download', 1e9],
      ['read', 0, 0],
    ])
    expect(isRising(found)).toBe(true)
    expect(found[1]).toBeGreaterThan(0.1)
    expect(found[2]).toBeLessThan(0.83)
  })
})

it('a classifier tells its phases, warm-up where it is asked for, and ends with ready', async () => {
  const told: Progress[] = []
  const onProgress = (progress: Progress): void => void told.push(progress)
  await using _ = await createClassifier({ model: weights, warmUp: true, onProgress })
  expect([...new Set(told.map(({ phase }) => phase))]).toEqual([
    'read',
    'fold',
    'pack',
    'compile',
    'warm-up',
    'ready',
  ])
  expect(isRising(told.map(({ fraction }) => fraction as number))).toBe(true)
  expect(told.at(-1)).toEqual({ phase: 'ready', done: 1, total: 1, fraction: 1 })
  expect(told.every(({ done, total }) => total !== undefined && done <= total)).toBe(true)
})

it('frees the executor where warming up fails', async () => {
  let disposed = false
  const backend = reference()
  const failing = {
    ...backend,
    async compile(...given: Parameters<typeof backend.compile>) {
      const executor = await backend.compile(...given)
      return {
        ...executor,
        run: async () => {
          throw new Error('no run')
        },
        async dispose() {
          disposed = true
        },
      }
    },
  }
  await expect(createClassifier({ model: weights, backend: failing, warmUp: true })).rejects.toThrow('no run')
  expect(disposed).toBe(true)
})
