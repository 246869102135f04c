/** What the tests in Chromium run inside of the page. */
import { type Model, mobileone, spec, tensor, variants } from '@mobileone/core'
import { type WasmOptions, wasm } from '../src/index.ts'
import { fastestKernels, type KernelOptions, wideKernels } from '../src/wide.ts'
import { image, network } from './networks.ts'

export async function features(): Promise<readonly string[]> {
  const probe = await wasm().probe()
  return probe.ok ? probe.features : []
}

async function run(model: Model, options: WasmOptions, data: Float32Array): Promise<number[]> {
  const executor = await wasm(options).compile(model)
  const { logits } = await executor.run({ image: tensor(model.inputs.image!.shape, data) })
  await executor.dispose()
  return [...logits!.data]
}

export async function logits(
  variant: 's0',
  size: number,
  data: readonly number[],
): Promise<{ features: readonly string[]; logits: Record<string, number[]> }> {
  const model = network(variant, size)
  const input = Float32Array.from(data)
  return {
    features: await features(),
    logits: {
      relaxed: await run(model, { simd: 'relaxed' }, input),
      plain: await run(model, { simd: 'plain' }, input),
      'two threads': await run(model, { threads: 2 }, input),
      'plain, two threads': await run(model, { simd: 'plain', threads: 2 }, input),
      wide: await run(model, await wideKernels(), input),
      'wide, two threads': await run(model, { ...(await wideKernels()), threads: 2 }, input),
    },
  }
}

/** The real S0, its weights served one after the other in the order of `names`. */
export async function realLogits(names: readonly string[]): Promise<Record<string, number[]>> {
  const get = async (path: string): Promise<Float32Array> =>
    new Float32Array(await (await fetch(path)).arrayBuffer())
  const graph = mobileone(variants.s0, { form: 'deploy' })
  const all = await get('/weights.f32')
  let at = 0
  const weights = Object.fromEntries(
    names.map((name) => {
      const { shape } = graph.weights[name] ?? spec([0])
      const size = shape.reduce((product, length) => product * length, 1)
      const data = all.slice(at, (at += size))
      return [name, tensor(shape, data)]
    }),
  )
  const input = await get('/input.f32')
  const model = { ...graph, weights }
  return {
    relaxed: await run(model, { simd: 'relaxed' }, input),
    plain: await run(model, { simd: 'plain' }, input),
    'two threads': await run(model, { threads: 2 }, input),
    wide: await run(model, await wideKernels(), input),
  }
}

export async function fastest(): Promise<KernelOptions> {
  const options = await fastestKernels()
  if (options !== (await fastestKernels())) throw new Error('timed twice')
  return options
}

export async function start(options: WasmOptions): Promise<string> {
  try {
    const model = network('s0', 32)
    const executor = await wasm(options).compile(model)
    await executor.run(image(model, 1))
    await executor.dispose()
    return 'ran'
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as Error).message}`
  }
}

/** Compile for two threads and dispose, but give up `ms` milliseconds after a worker was started for it. */
export async function abandon(ms: number): Promise<void> {
  const controller = new AbortController()
  const RealWorker = globalThis.Worker
  globalThis.Worker = class extends RealWorker {
    constructor(address: string | URL, options?: WorkerOptions) {
      super(address, options)
      setTimeout(() => controller.abort(), ms)
    }
  }
  const compiled = wasm({ threads: 2 }).compile(network('s0', 32), { signal: controller.signal })
  await compiled.then(
    (executor) => executor.dispose(),
    () => {},
  )
}
