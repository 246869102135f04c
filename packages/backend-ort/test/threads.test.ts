import { availableParallelism } from 'node:os'
import { initialize, mobileone, variants } from '@mobileone/core'
import * as native from 'onnxruntime-node'
import * as web from 'onnxruntime-web'
import { expect, it } from 'vitest'
import { type OrtLibrary, type OrtThreads, ort } from '../src/index.ts'

const model = initialize(
  mobileone({ ...variants.s0, input: { channels: 3, size: [32, 32] } }, { form: 'deploy' }),
  { seed: 1 },
)
const cores = availableParallelism()

/** The native library, with runs that wait `ms` on each number of threads. */
function paced(ms: (threads: number) => number, opened: Set<object>): OrtLibrary {
  return {
    Tensor: native.Tensor,
    env: { wasm: {} },
    listSupportedBackends: native.listSupportedBackends,
    InferenceSession: {
      async create(bytes, options) {
        const session = await native.InferenceSession.create(bytes, options)
        const wrapped = {
          inputNames: session.inputNames,
          outputNames: session.outputNames,
          async run(feeds: never) {
            await new Promise((resolve) => setTimeout(resolve, ms(options.intraOpNumThreads)))
            return session.run(feeds)
          },
          async release() {
            opened.delete(wrapped)
            await session.release()
          },
        }
        opened.add(wrapped)
        return wrapped
      },
    },
  }
}

it.skipIf(cores < 2)('auto keeps the faster session, lets the other go, and says both times', async () => {
  for (const [ms, kept] of [
    [(threads: number) => 60 / threads, Math.min(4, cores)],
    [(threads: number) => 20 * threads, 1],
  ] as const) {
    const opened = new Set<object>()
    const backend = ort({ lib: paced(ms, opened), executionProviders: ['cpu'], numThreads: 'auto' })
    expect((await backend.probe()).ok).toBe(true)
    expect(opened.size).toBe(0)
    const executor = await backend.compile(model)
    expect(opened.size).toBe(1)
    expect(executor.features?.[1]).toMatch(
      new RegExp(`^${kept} threads?: [\\d.]+ ms a run, [\\d.]+ ms on \\d$`),
    )
    await executor.dispose()
    expect(opened.size).toBe(0)
  }
})

it('a measurement that fails leaves no session open', async () => {
  const opened = new Set<object>()
  const lib = paced(() => {
    throw new Error('out of memory')
  }, opened)
  const numThreads: OrtThreads = 'auto'
  await expect(ort({ lib, executionProviders: ['cpu'], numThreads }).compile(model)).rejects.toMatchObject(
    cores > 1 ? { code: 'unavailable' } : {},
  )
  expect(opened.size).toBe(0)
})

it('probe and features say the number, or who chooses it', async () => {
  const textOf = async (lib: OrtLibrary, provider: string, numThreads?: OrtThreads): Promise<unknown> => {
    const probe = await ort({
      lib,
      executionProviders: [provider],
      ...(numThreads !== undefined && { numThreads }),
    }).probe()
    return probe.ok ? probe.features[1] : probe.reason
  }
  expect(await textOf(native, 'cpu')).toBe('one thread for each core, as the library chooses')
  expect(await textOf(native, 'cpu', 1)).toBe('1 thread')
  expect(await textOf(native, 'cpu', 2)).toBe('2 threads')
  expect(await textOf(web, 'wasm', 1)).toBe('1 thread')
  await using executor = await ort({ lib: web, executionProviders: ['wasm'], numThreads: 'auto' }).compile(
    model,
  )
  expect(executor.features).toEqual(['wasm', '1 thread'])
})
