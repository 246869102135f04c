import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { type Model, type Tensors, withBatch } from '@mobileone/core'
import { lacking, readGolden, readGoldenFloat32 } from '@mobileone/testkit'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openPacked, type PackedModel, packModel, wasm } from '../src/index.ts'
import { spreadInstances } from '../src/packed-model.ts'
import { image, network } from './networks.ts'
import { expected, expectSameBits, logits } from './packed-bits.ts'

const weightBytes = ({ weights }: Model): number =>
  Object.values(weights).reduce((sum, { data }) => sum + data.byteLength, 0)

describe('a packed model', () => {
  // S1 and S4: packed-model.slow.test.ts.
  test.each([
    ['s0', 'deploy', 33, 2],
    ['s0', 'train', 47, 1],
  ] as const)('gives the bits of wasm() in every instance: %s, %s form, %i pixels, batch %i', expectSameBits)

  test('holds the weights once', async () => {
    const model = network('s2', 64)
    const one = await packModel(model, { instances: 1 })
    const nine = await packModel(model, { instances: 9 })
    expect(one.memoryBytes).toBeGreaterThan(weightBytes(model))
    expect(nine.memoryBytes - one.memoryBytes).toBeLessThan(8 * 0.1 * weightBytes(model))
    await using executor = await openPacked(nine, 8)
    await using own = await wasm().compile(model)
    expect(executor.memory).toEqual(own.memory)
    expect([executor.steps, executor.inputs, executor.outputs, executor.features]).toEqual([
      own.steps,
      own.inputs,
      own.outputs,
      own.features,
    ])
  })

  test('opens an instance again after the executor in it was disposed', async () => {
    const model = network('s0', 33)
    const inputs = image(model, 1)
    const packed = await packModel(model, { instances: 2 })
    const [want] = await expected(model, [inputs])
    const other = await openPacked(packed, 0)
    for (let round = 0; round < 2; round++) {
      const executor = await openPacked(packed, 1)
      expect(await logits(executor, inputs)).toEqual(want)
      await executor.dispose()
      await expect(executor.run(inputs)).rejects.toMatchObject({ code: 'disposed' })
      expect(await logits(other, inputs)).toEqual(want)
    }
    await other.dispose()
  })

  test('shares the work of each instance among threads, side by side', async () => {
    const model = network('s0', 64)
    const inputs = [1, 2].map((seed) => image(model, seed))
    const want = await expected(model, inputs)
    const packed = await packModel(model, { instances: 2, threads: 2 })
    const executors = [await openPacked(packed, 0), await openPacked(packed, 1)]
    expect(executors.map(({ features }) => features?.at(-1))).toEqual(['2 threads', '2 threads'])
    for (let round = 0; round < 5; round++) {
      expect(await Promise.all(executors.map((executor, i) => logits(executor, inputs[i]!)))).toEqual(want)
    }
    for (const executor of executors) await executor.dispose()
  })

  test('tells how far packing is, and can be aborted', async () => {
    const model = network('s0', 32)
    const phases: string[] = []
    const onProgress = ({ phase, done, total }: { phase: string; done: number; total?: number }): void => {
      if (done === total) phases.push(phase)
    }
    const packed = await packModel(model, { instances: 1, onProgress })
    await (await openPacked(packed, 0, { onProgress })).dispose()
    expect(phases).toEqual(['pack', 'compile'])
    const signal = AbortSignal.abort()
    await expect(packModel(model, { instances: 1, signal })).rejects.toMatchObject({ code: 'aborted' })
    await expect(openPacked(packed, 0, { signal })).rejects.toMatchObject({ code: 'aborted' })
  })

  test('names the instances that there are', async () => {
    const model = network('s0', 32)
    const packed = await packModel(model, { instances: 2 })
    for (const instance of [-1, 2, 0.5]) {
      await expect(openPacked(packed, instance)).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining('0 to 1'),
      })
    }
    for (const instances of [0, 1.5, Number.NaN]) {
      await expect(packModel(model, { instances })).rejects.toMatchObject({ code: 'invalid-argument' })
    }
  })

  test('is refused where memory cannot be shared', async () => {
    vi.stubGlobal('crossOriginIsolated', false)
    const packing = packModel(network('s0', 32), { instances: 2 })
    await expect(packing).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('cross-origin isolated'),
    })
  })

  test('spreads instances over memories of at most a GiB, and as many as need be where one is larger', () => {
    const spread = (instances: number, weights: number, own: number): readonly [number, number[]] => {
      const { instancesPerMemory, memorySizes } = spreadInstances(instances, {
        control: weights * 2 ** 20,
        end: (weights + own) * 2 ** 20,
      })
      return [instancesPerMemory, memorySizes.map((bytes) => bytes / 2 ** 20)]
    }
    expect(spread(4, 8, 3)).toEqual([4, [20]])
    expect(spread(8, 24, 250)).toEqual([4, [1024, 1024]])
    expect(spread(5, 25, 250)).toEqual([3, [775, 525]])
    expect(spread(2, 8, 2000)).toEqual([1, [2008, 2008]])
  })

  test('that no engine has memory for is refused with what it needs', async () => {
    const model = withBatch(network('s0', 224), 3000)
    await expect(packModel(model, { instances: 2 })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/needs \d+\.\d MiB of memory/),
    })
  })
})

afterEach(() => void vi.unstubAllGlobals())

describe('on other threads', () => {
  const started: Worker[] = []
  const start = async (packed: PackedModel, instance: number): Promise<Worker> => {
    const url = new URL('./packed-thread.mjs', import.meta.url)
    const worker = new Worker(url, { workerData: { packed, instance }, execArgv: [] })
    started.push(worker)
    expect(await once(worker, 'message')).toEqual(['ready'])
    return worker
  }
  afterEach(async () => {
    await Promise.all(started.splice(0).map((worker) => worker.terminate()))
  })
  const ask = async (worker: Worker, inputs: Tensors): Promise<Float32Array> => {
    worker.postMessage({ inputs })
    return (await once(worker, 'message'))[0]
  }

  test('an instance lives on where the thread of another is ended in a run, and another thread takes its place', async () => {
    const model = network('s0', 65)
    const inputs = [1, 2, 3].map((seed) => image(model, seed))
    const want = await expected(model, inputs)
    const packed = await packModel(model, { instances: 3 })
    const here = await openPacked(packed, 0)
    const steady = await start(packed, 1)
    for (let round = 0; round < 3; round++) {
      const dying = await start(packed, 2)
      dying.postMessage({ inputs: inputs[2], forever: true })
      expect((await once(dying, 'message'))[0]).toEqual(want[2])
      expect(await ask(steady, inputs[1]!)).toEqual(want[1])
      await dying.terminate()
      expect(await logits(here, inputs[0]!)).toEqual(want[0])
      const next = await start(packed, 2)
      expect(await Promise.all([ask(next, inputs[1]!), ask(steady, inputs[2]!)])).toEqual([want[1], want[2]])
      await next.terminate()
    }
    await here.dispose()
  })

  test.skipIf(lacking('golden'))(
    'the real S0 gives the logits of PyTorch, and the bits of wasm()',
    async () => {
      const model = modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0_unfused.pth.tar')))
      const data = readGoldenFloat32('s0-input-1x3x224x224.f32')
      const inputs: Tensors = { image: { dtype: 'float32', shape: [1, 3, 224, 224], data } }
      const [want] = await expected(model, [inputs])
      const torch = readGoldenFloat32('s0-logits-1000.f32')
      const packed = await packModel(model, { instances: 2 })
      const workers = [await start(packed, 0), await start(packed, 1)]
      for (const found of await Promise.all(workers.map((worker) => ask(worker, inputs)))) {
        expect(found).toEqual(want)
        expect(Math.max(...found.map((x, i) => Math.abs(x - torch[i]!)))).toBeLessThan(1e-4)
      }
    },
  )

  test('are sent a packed model as the README says', async () => {
    const file = new URL('./packed-example.mjs', import.meta.url)
    expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(
      `\`\`\`js\n${readFileSync(file, 'utf8')}\`\`\``,
    )
    const script = `
      const main = async () => {
        const { logitsOfEach } = await import(${JSON.stringify(file.href)})
        const { initialize, mobileone, tensor, variants } = await import('@mobileone/core')
        const { wasm } = await import('@mobileone/backend-wasm')
        const model = initialize(mobileone(variants.s0, { form: 'deploy' }), { seed: 1 })
        const pictures = [1, 2].map((value) => new Float32Array(3 * 224 * 224).fill(value))
        const executor = await wasm().compile(model)
        for (const [i, found] of (await logitsOfEach(model, pictures)).entries()) {
          const { logits } = await executor.run({ image: tensor([1, 3, 224, 224], pictures[i]) })
          console.log(found.length, found.every((value, k) => value === logits.data[k]))
        }
      }
      main()`
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      timeout: 60_000,
    })
    expect([stdout, stderr]).toEqual(['1000 true\n1000 true\n', ''])
  })
})
