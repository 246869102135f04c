import {
  compileFirst,
  initialize,
  isMobileOneError,
  type Model,
  mobileone,
  reference,
  tensor,
  variants,
  verified,
} from '@mobileone/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { webgpu } from '../src/index.ts'
import { fakeDevice, fakeGpu } from './fake-device.ts'
import { conv, model } from './models.ts'

const small = model([1, 4, 3, 3], [conv('c', 'x')], { 'c.weight': [4, 4, 1, 1], 'c.bias': [4] })
const inputs = { x: tensor([1, 4, 3, 3]) }
const s0 = (): Model => initialize(mobileone(variants.s0, { form: 'deploy' }), { seed: 1 })

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return isMobileOneError(error) ? `${error.code}: ${error.message}` : `not an error of ours: ${error}`
}

afterEach(() => vi.unstubAllGlobals())

describe('what S0 asks of the device', () => {
  test('45 dispatches, one submission and one map a run, and no buffer', async () => {
    const { device, calls } = fakeDevice()
    const executor = await webgpu({ device }).compile(s0())
    const image = tensor([1, 3, 224, 224])
    const made = { ...calls }
    for (let i = 0; i < 3; i++) await executor.run({ image })
    expect(executor.steps).toHaveLength(45)
    expect(calls.createBuffer).toBe(made.createBuffer)
    expect(calls.createBindGroup).toBe(made.createBindGroup)
    expect(calls).toMatchObject({ dispatchWorkgroups: 135, submit: 3, mapAsync: 3, writeBuffer: 3 })
  })

  test('a run whose outputs stay on the GPU: one submission, no map, no copy, no buffer', async () => {
    const { device, calls } = fakeDevice()
    const executor = await webgpu({ device }).compile(s0())
    const made = { ...calls }
    const image = tensor([1, 3, 224, 224])
    const { logits } = await executor.runOnGpu({ image })
    expect(logits).toMatchObject({
      offset: 0,
      bytes: 4000,
      shape: [1, 1000],
      buffer: { size: expect.any(Number) },
    })
    expect(calls).toEqual({
      ...made,
      dispatchWorkgroups: 45,
      submit: 1,
      writeBuffer: 1,
      setPipeline: 45,
      setBindGroup: 45,
    })
    expect(await codeOf(executor.runOnGpu({ image: tensor([1, 3, 8, 8]) }))).toMatch(/^invalid-input/)
    await executor.dispose()
    expect(await codeOf(executor.runOnGpu({ image }))).toMatch(/^disposed/)
  })

  test('inputs that are transferred, or a rule that is changed, while a call waits its turn are refused', async () => {
    const { device, calls } = fakeDevice()
    const executor = await webgpu({ device }).compile(s0())
    const image = tensor([1, 3, 224, 224])
    const first = executor.run({ image: tensor([1, 3, 224, 224]) })
    const waiting = codeOf(executor.runOnGpu({ image }))
    const rule = { size: [224, 224], resize: 248, mean: [0, 0, 0], std: [1, 1, 1] }
    const source = { width: 300, height: 300 } as ImageBitmap
    const alsoWaiting = codeOf(executor.runImage(source, { ...rule, interpolation: 'bilinear' } as never))
    structuredClone(image.data.buffer, { transfer: [image.data.buffer as ArrayBuffer] })
    rule.mean.pop()
    await first
    expect(await waiting).toMatch(/^invalid-input: .*"image" .*transferred or detached/)
    expect(await alsoWaiting).toMatch(/^invalid-argument: .*does not fit the inputs/)
    expect(calls.submit).toBe(1)
    await executor.dispose()
  })

  test('feature maps take turns in few buffers, all destroyed in the end', async () => {
    const fake = fakeDevice()
    const executor = await webgpu({ device: fake.device }).compile(s0())
    const largest = 112 * 112 * 48 * 4
    const weights = Object.values(s0().weights).reduce((sum, { data }) => sum + data.byteLength, 0)
    expect(executor.memory.bytes).toBe(fake.bytes())
    expect(executor.memory.bytes).toBeLessThan(1.02 * weights + 3 * largest)
    expect(fake.calls.createBuffer).toBeLessThanOrEqual(6)
    await executor.dispose()
    expect(fake.bytes()).toBe(0)
  })

  test('equal shapes share a pipeline, and progress counts them', async () => {
    const { device, modules } = fakeDevice()
    const seen: number[] = []
    await webgpu({ device }).compile(s0(), { onProgress: ({ done }) => seen.push(done) })
    expect(modules.length).toBeLessThan(30)
    expect(seen).toEqual(Array.from({ length: modules.length + 1 }, (_, i) => i))
    const built = modules.length
    await webgpu({ device }).compile(s0())
    expect(modules).toHaveLength(built)
  })
})

describe('device loss', () => {
  test('the run says so, and the next one compiles on a new device', async () => {
    const [first, second] = [fakeDevice(), fakeDevice()]
    const executor = await webgpu({ gpu: fakeGpu([first, second]) }).compile(small)
    await executor.run(inputs)
    first.lose('the driver was reset')
    await new Promise((resolve) => setTimeout(resolve))
    expect((await executor.run(inputs)).y!.shape).toEqual([1, 4, 3, 3])
    expect(second.calls.submit).toBe(1)
    expect(first.bytes()).toBe(0)
    await executor.dispose()
    expect(second.calls.destroy).toBe(1)
  })

  test('during a run', async () => {
    const [first, second] = [fakeDevice(), fakeDevice()]
    const executor = await webgpu({ gpu: fakeGpu([first, second]) }).compile(small)
    first.onMap = () => first.lose('the driver was reset')
    expect(await codeOf(executor.run(inputs))).toMatch(/^device-lost: .*the driver was reset.*next run/)
    await executor.run(inputs)
    expect(second.calls.submit).toBe(1)
    await executor.dispose()
  })

  test("a caller's device is not replaced and never destroyed", async () => {
    const fake = fakeDevice()
    const executor = await webgpu({ device: fake.device }).compile(small)
    fake.lose('unplugged')
    for (let i = 0; i < 2; i++)
      expect(await codeOf(executor.run(inputs))).toMatch(/^device-lost: .*compile the model again/)
    await executor.dispose()
    expect(fake.calls.destroy).toBeUndefined()
    expect(fake.bytes()).toBe(0)
  })

  test('executors of a backend share its device; the last one destroys it', async () => {
    const [fake, second] = [fakeDevice(), fakeDevice()]
    const backend = webgpu({ gpu: fakeGpu([fake, second]) })
    const executors = await Promise.all([backend.compile(small), backend.compile(small)])
    await executors[0].dispose()
    expect(fake.calls.destroy).toBeUndefined()
    await executors[1].dispose()
    expect(fake.calls.destroy).toBe(1)
    const next = await backend.compile(small)
    expect((await next.run(inputs)).y!.shape).toEqual([1, 4, 3, 3])
    expect(second.calls.submit).toBe(1)
    await next.dispose()
    expect(second.calls.destroy).toBe(1)
  })
})

describe('refusals', () => {
  test.each([
    ['no navigator.gpu', undefined, {}, /Node has no WebGPU of its own/],
    ['an insecure page', undefined, { isSecureContext: false }, /secure contexts.*https/],
    ['no adapter', { requestAdapter: async () => null }, {}, /no adapter/],
    ['a failing driver', { requestAdapter: () => Promise.reject(new Error('boom')) }, {}, /boom/],
  ])('the probe explains: %s', async (_, gpu, globals, reason) => {
    vi.stubGlobal('navigator', { gpu })
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value)
    const probe = await webgpu().probe()
    expect(probe.ok).toBe(false)
    expect(!probe.ok && probe.reason).toMatch(reason)
    expect(await codeOf(webgpu().compile(small))).toMatch(/^unavailable/)
  })

  test('float16 storage without shader-f16', async () => {
    const { device } = fakeDevice()
    for (const options of [{ device }, { gpu: fakeGpu([]) }]) {
      const backend = webgpu({ ...options, precision: 'f16-storage' })
      expect(await backend.probe()).toMatchObject({
        ok: false,
        reason: expect.stringContaining('shader-f16'),
      })
      expect(await codeOf(backend.compile(small))).toMatch(/^unavailable: .*shader-f16/)
    }
  })

  test.each([
    ['maxBufferSize', /a buffer \(weights\) of \d+ bytes/],
    ['maxStorageBufferBindingSize', /for "c" a binding of \d+ bytes/],
  ])('a device whose %s is too small', async (limit, message) => {
    const fake = fakeDevice({ limits: { [limit]: 100 } })
    const result = await codeOf(webgpu({ device: fake.device }).compile(small))
    expect(result).toMatch(/^unavailable/)
    expect(result).toMatch(message)
  })
})

describe('verify', () => {
  test('a device that computes wrongly is refused, naming the node', async () => {
    const fake = fakeDevice()
    const compiling = verified(webgpu({ device: fake.device })).compile(small)
    expect(await codeOf(compiling)).toMatch(/^wrong-result: .*node "c" of model "test" wrongly/)
    expect(fake.bytes()).toBe(0)
  })

  test('a stored output that does not come out is refused', async () => {
    const fake = fakeDevice()
    fake.output = (bytes) => new Uint8Array(bytes).fill(0)
    const y = tensor([1, 4, 3, 3], new Float32Array(36).fill(3))
    const compiling = verified(webgpu({ device: fake.device }), { inputs, outputs: { y } }).compile(small)
    expect(await codeOf(compiling)).toMatch(/^wrong-result: .*wrongly, off by/)
  })
})

describe('compileFirst goes on to the next backend', () => {
  const next = async (first: ReturnType<typeof webgpu>): Promise<string> => {
    const refusals: string[] = []
    const executor = await compileFirst(small, [first, reference()], {
      onRefusal: ({ backend, reason }) => refusals.push(`${backend}: ${reason}`),
    })
    await executor.dispose()
    expect(executor.backend).toBe('reference')
    return refusals.join('\n')
  }

  test('where the adapter gives no device', async () => {
    const gpu = fakeGpu([])
    const adapter = await gpu.requestAdapter()
    Object.assign(adapter as object, {
      requestDevice: async () => Promise.reject(new DOMException('a limit is too high', 'OperationError')),
    })
    expect(await next(webgpu({ gpu }))).toMatch(/^webgpu: .*gave no device: .*a limit is too high/)
  })

  test('where a pipeline cannot be built', async () => {
    const fake = fakeDevice()
    Object.assign(fake.device, {
      createComputePipelineAsync: async () => Promise.reject(new Error('the shader is refused')),
    })
    expect(await next(webgpu({ device: fake.device }))).toMatch(/refused the kernel .*the shader is refused/)
    expect(fake.bytes()).toBe(0)
  })
})
