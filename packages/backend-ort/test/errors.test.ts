import { initialize, mobileone, variants } from '@mobileone/core'
import * as native from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { type OrtLibrary, ort } from '../src/index.ts'

const model = initialize(
  mobileone({ ...variants.s0, input: { channels: 3, size: [32, 32] } }, { form: 'deploy' }),
  { seed: 1 },
)
const missing = async (): Promise<OrtLibrary> => {
  throw Object.assign(new Error("Cannot find package 'onnxruntime-web'"), { code: 'ERR_MODULE_NOT_FOUND' })
}
/** The native library, whose sessions run by `run`. */
const runningBy = (
  run: (
    session: native.InferenceSession,
    feeds: native.InferenceSession.FeedsType,
  ) => ReturnType<native.InferenceSession['run']>,
): OrtLibrary => ({
  Tensor: native.Tensor,
  env: { wasm: {} },
  InferenceSession: {
    async create(bytes, options) {
      const session = await native.InferenceSession.create(bytes, options)
      return {
        inputNames: session.inputNames,
        outputNames: session.outputNames,
        run: (feeds) => run(session, feeds as native.InferenceSession.FeedsType),
        release: () => session.release(),
      }
    },
  },
})
/** One whose runs fail in these words. */
const failing = (words: string): OrtLibrary => runningBy(() => Promise.reject(new Error(words)))

describe('errors are translated', () => {
  it('a library that is not installed', async () => {
    const backend = ort({ lib: missing })
    const probe = await backend.probe()
    expect(probe.ok ? '' : probe.reason).toContain('install onnxruntime-web or onnxruntime-node')
    await expect(backend.compile(model)).rejects.toMatchObject({
      code: 'unavailable',
      cause: { code: 'ERR_MODULE_NOT_FOUND' },
    })
  })

  it('something that is no library', async () => {
    const lib = {} as OrtLibrary
    expect(await ort({ lib }).probe()).toMatchObject({ ok: false })
    await expect(ort({ lib }).compile(model)).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('a provider that is not there', async () => {
    const backend = ort({ lib: native, executionProviders: ['nothing'] })
    const probe = await backend.probe()
    expect(probe.ok ? '' : probe.reason).toContain('nothing')
    await expect(backend.compile(model)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('a failing run, and a lost device', async () => {
    const inputs = {
      image: { dtype: 'float32', shape: [1, 3, 32, 32], data: new Float32Array(3072) },
    } as const
    for (const [words, code] of [
      ['out of memory', 'unavailable'],
      ['GPUDevice was lost: the device is lost', 'device-lost'],
    ] as const) {
      await using executor = await ort({ lib: failing(words) }).compile(model)
      await expect(executor.run(inputs)).rejects.toMatchObject({
        code,
        message: expect.stringContaining(words),
        cause: { message: words },
      })
    }
  })
})

it('inputs stay the caller’s where the library sends buffers to its worker', async () => {
  const seen: ArrayBufferLike[] = []
  const lib = runningBy((session, feeds) => {
    seen.push(...Object.values(feeds).map(({ data }) => (data as Float32Array).buffer))
    return session.run(feeds)
  })
  const data = new Float32Array(3072)
  for (const [proxy, isLent] of [
    [true, false],
    [false, true],
  ] as const) {
    await using executor = await ort({ lib, proxy }).compile(model)
    await executor.run({ image: { dtype: 'float32', shape: [1, 3, 32, 32], data } })
    expect(seen.at(-1) === data.buffer).toBe(isLent)
  }
})

it('NaN is not looked at on WebGPU, where the shaders lose it', () => {
  expect(ort({ lib: native, executionProviders: ['webgpu', 'wasm'] }).nan).toBe('unspecified')
  expect(ort({ lib: native, executionProviders: ['cpu'] }).nan).toBeUndefined()
})

it('a module and its default export are both taken', async () => {
  const probe = await ort({ lib: async () => ({ default: native }) }).probe()
  expect(probe.ok).toBe(true)
})

it('an output may be called like an input', async () => {
  const swapped = { ...model, outputs: { image: 'head', image_: 'pool' } }
  await using executor = await ort({ lib: native }).compile(swapped)
  const data = new Float32Array(3072).fill(0.5)
  const outputs = await executor.run({ image: { dtype: 'float32', shape: [1, 3, 32, 32], data } })
  expect(Object.fromEntries(Object.entries(outputs).map(([name, { shape }]) => [name, shape]))).toEqual({
    image: [1, 1000],
    image_: [1, 1024, 1, 1],
  })
})
