import { describe, expect, it } from 'vitest'
import {
  type Backend,
  compileFirst,
  createExecutor,
  isMobileOneError,
  MobileOneError,
  type Refusal,
  reference,
  spec,
  type Tensor,
  type Tensors,
  tensor,
  verified,
} from '../src/index.ts'
import { add, graph } from './graphs.ts'

const doubling = () => ({ ...graph(1, [add('s', 'x', 'x')], {}), weights: {} })
const input = () => ({ x: tensor([1, 1, 9, 9], new Float32Array(81).fill(2)) })

function executor(log: string[] = [], wait = 0) {
  let running = 0
  return createExecutor({
    backend: 'test',
    inputs: { x: spec([2]) },
    outputs: { y: spec([2]) },
    memoryBytes: 8,
    steps: [],
    async execute({ x }) {
      running++
      log.push(`start ${running}`)
      await new Promise((resolve) => setTimeout(resolve, wait))
      running--
      if (!x) throw new Error('no input')
      if (x.data[0] === -1) throw new Error('broken')
      return { y: tensor([2], x.data.slice()) }
    },
    free() {
      log.push('free')
    },
  })
}
const two = (first: number) => ({ x: tensor([2], new Float32Array([first, 0])) })

describe('createExecutor', () => {
  it('queues calls in order, one at a time, and survives a failed one', async () => {
    const log: string[] = []
    const subject = executor(log, 5)
    const calls = [subject.run(two(1)), subject.run(two(-1)), subject.run(two(3))]
    const settled = await Promise.allSettled(calls)
    expect(settled.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(log).toEqual(['start 1', 'start 1', 'start 1'])
  })

  it('waits for queued runs, frees once, and refuses later calls', async () => {
    const log: string[] = []
    const subject = executor(log, 5)
    const run = subject.run(two(1))
    await Promise.all([subject.dispose(), subject.dispose()])
    await expect(run).resolves.toBeDefined()
    await subject.dispose()
    expect(log).toEqual(['start 1', 'free'])
    await expect(subject.run(two(1))).rejects.toMatchObject({ code: 'disposed' })
  })

  it('rejects aborted calls without running them', async () => {
    const log: string[] = []
    const subject = executor(log, 20)
    const controller = new AbortController()
    const first = subject.run(two(1))
    const second = subject.run(two(2), { signal: controller.signal })
    controller.abort(new Error('changed my mind'))
    await expect(second).rejects.toMatchObject({ code: 'aborted', cause: { message: 'changed my mind' } })
    await first
    await expect(subject.run(two(3), { signal: controller.signal })).rejects.toMatchObject({
      code: 'aborted',
    })
    expect(log).toEqual(['start 1'])
  })

  it.each([
    [{}, /the input "x" \(2\) is missing/],
    [{ ...two(1), z: tensor([1]) }, /there is no input "z"; the inputs are "x"/],
    [{ x: tensor([3]) }, /"x" has shape 3, but this executor was compiled for 2/],
    [{ x: { dtype: 'float32', shape: [2], data: [1, 2] } as never }, /must be a Float32Array/],
    [
      { x: { dtype: 'float32', shape: [2], data: new Float32Array(5) } as never },
      /says 2 but holds 5 elements/,
    ],
    [null, /run takes an object of tensors by name, \{ x \}, not null/],
    ['x', /run takes an object of tensors/],
    [{ x: null }, /the input "x" must be a tensor, made by tensor\(shape, data\), not null/],
    [{ x: { dtype: 'float32', data: new Float32Array(2) } }, /the input "x" has no shape/],
    [{ x: { dtype: 'float32', shape: '2', data: new Float32Array(2) } }, /the input "x" has no shape/],
  ])('refuses bad input %#', async (inputs, message) => {
    const refusal = executor().run(inputs as Tensors)
    await expect(refusal).rejects.toThrow(message)
    await expect(refusal).rejects.toMatchObject({ code: 'invalid-input' })
  })
})

describe('inputs that change while a call waits', () => {
  const changes: Record<string, (x: Tensor, inputs: { x?: Tensor }) => void> = {
    transferred: ({ data }) => void structuredClone(data.buffer, { transfer: [data.buffer as ArrayBuffer] }),
    'resized to nothing': ({ data }) =>
      (data.buffer as ArrayBuffer & { resize(size: number): void }).resize(0),
    'taken away': (_, inputs) => {
      delete inputs.x
    },
  }
  it.each(Object.entries(changes))('%s', async (_, change) => {
    const subject = executor([], 5)
    const first = subject.run(two(1))
    const ResizableBuffer = ArrayBuffer as unknown as new (size: number, options: object) => ArrayBuffer
    const x = tensor([2], new Float32Array(new ResizableBuffer(8, { maxByteLength: 8 })))
    const inputs: { x?: Tensor } = { x }
    const second = subject.run(inputs as Tensors)
    change(x, inputs)
    await first
    await expect(second).rejects.toMatchObject({ code: 'invalid-input' })
    expect((await subject.run(two(3))).y?.data[0]).toBe(3)
  })
})

it("gives an aborted call the name of the platform's own error", async () => {
  const refusal = executor().run(two(1), { signal: AbortSignal.abort() })
  await expect(refusal).rejects.toMatchObject({ name: 'AbortError', code: 'aborted' })
})

it('queues the entry points of a backend with its runs', async () => {
  const order: string[] = []
  const parts = {
    backend: 'test',
    inputs: { x: spec([2]) },
    outputs: {},
    memoryBytes: 0,
    steps: [],
    async execute() {
      await new Promise((resolve) => setTimeout(resolve, 5))
      order.push('run')
      return {}
    },
    free: () => void order.push('free'),
  }
  const subject = createExecutor(parts, (queue) => ({
    runTwice: (signal?: AbortSignal) =>
      queue(signal, () => {
        order.push('runTwice')
        return 2
      }),
  }))
  const calls = [subject.run(two(1)), subject.runTwice(), subject.run(two(1)), subject.dispose()]
  expect(await calls[1]).toBe(2)
  await Promise.all(calls)
  expect(order).toEqual(['run', 'runTwice', 'run', 'free'])
  await expect(subject.runTwice()).rejects.toMatchObject({ code: 'disposed' })
  await expect(executor().run(two(1), { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'aborted',
  })
})

describe('compileFirst', () => {
  const refusing = (name: string, change: Partial<Backend>): Backend => ({ ...reference(), name, ...change })

  it('passes over backends of another precision than the one that is asked for', async () => {
    const skipped: Refusal[] = []
    const backends = [refusing('single', {}), refusing('half', { precision: 'float16' as const })]
    const options = { onRefusal: (refusal: Refusal) => skipped.push(refusal) }
    const half = await compileFirst(doubling(), backends, { ...options, precision: 'float16' })
    expect(skipped).toEqual([
      { backend: 'single', reason: 'computes in float32, not in float16, which was asked for' },
    ])
    await half.dispose()
    await (await compileFirst(doubling(), backends, { ...options, precision: 'float32' })).dispose()
    expect(skipped).toHaveLength(1)
    await expect(compileFirst(doubling(), backends.slice(0, 1), { precision: 'float16' })).rejects.toThrow(
      /no backend can run .*\n +single: computes in float32/,
    )
    await expect(
      compileFirst(doubling(), [verified(backends[1]!)], { precision: 'float32' }),
    ).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('takes the first backend that fits, in order, and tells what it skipped', async () => {
    const skipped: string[] = []
    const chosen = await compileFirst(
      doubling(),
      [
        refusing('gpu', { probe: async () => ({ ok: false, reason: 'no adapter' }) }),
        refusing('tiny', { unsupported: (model) => model.nodes }),
        reference(),
      ],
      { onRefusal: ({ backend, reason }) => skipped.push(`${backend}: ${reason}`) },
    )
    expect(chosen.backend).toBe('reference')
    expect(skipped).toEqual(['gpu: no adapter', 'tiny: no kernel for "s" (add)'])
    expect((await chosen.run(input())).y?.data[0]).toBe(4)
    await chosen.dispose()
  })

  it('lists every refusal, and lets thrown errors surface', async () => {
    const none = compileFirst(doubling(), [
      refusing('gpu', { probe: async () => ({ ok: false, reason: 'no adapter' }) }),
    ])
    await expect(none).rejects.toThrow(/no backend can run.*\n {2}gpu: no adapter/)
    for (const code of ['unavailable', 'unsupported', 'device-lost'] as const) {
      const lost = refusing('gpu', {
        compile: async () => Promise.reject(new MobileOneError(code, 'gpu: no')),
      })
      const next = await compileFirst(doubling(), [lost, reference()])
      expect(next.backend).toBe('reference')
      await next.dispose()
    }
    const bad = refusing('gpu', {
      compile: async () => Promise.reject(new MobileOneError('invalid-model', 'no')),
    })
    await expect(compileFirst(doubling(), [bad, reference()])).rejects.toMatchObject({
      code: 'invalid-model',
    })
    const failing = refusing('bad', { compile: async () => Promise.reject(new Error('out of memory')) })
    await expect(compileFirst(doubling(), [failing, reference()])).rejects.toThrow('out of memory')
  })
})

describe('errors', () => {
  it('are recognised across copies of the package', () => {
    const foreign = Object.assign(new Error('x'), { [Symbol.for('mobileone.error')]: true })
    expect(isMobileOneError(foreign)).toBe(true)
    expect(isMobileOneError(new MobileOneError('network', 'y'))).toBe(true)
    expect(isMobileOneError(new Error('z'))).toBe(false)
  })
})
