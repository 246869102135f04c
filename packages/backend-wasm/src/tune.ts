/** What `npm run tune` runs in the browser or in Node: every layer of a network with every kernel that can run it. */
import {
  type Conv2d,
  inferShapes,
  initialize,
  type Linear,
  type Model,
  mobileone,
  profile,
  tensor,
  variants,
} from '@mobileone/core'
import * as abi from './abi.ts'
import { type Choice, chooseBlock, chooseConv, defaultTuning, type Tuning } from './choose.ts'
import { detectSimd } from './features.ts'
import { instantiate, type Kernels, loadModule } from './load.ts'
import { type Plan, planModel } from './plan.ts'
import { wasm } from './wasm.ts'

export interface Candidate {
  readonly kernel: string
  readonly picked: boolean
  readonly ms: number
}
export interface Layer {
  /** Layers of one shape, the first of which is timed. */
  readonly nodes: readonly string[]
  readonly shape: string
  readonly flop: number
  readonly peakGflops: number
  readonly candidates: readonly Candidate[]
}
export interface Report {
  readonly simd: string
  readonly layers: readonly Layer[]
  /** The whole network, step by step, in one thread. */
  readonly steps: readonly {
    readonly node: string
    readonly kernel: string
    readonly ms: number
    readonly flop: number
  }[]
  readonly peakGflops: number
  readonly runs: readonly {
    readonly threads: number
    readonly compileMs: number
    readonly firstMs: number
    readonly ms: number
    readonly bestMs: number
  }[]
  readonly flop: number
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] as number

/** The fastest tenth: what a kernel can do, however busy the machine is. */
const fastest = (times: readonly number[]): number =>
  [...times].sort((a, b) => a - b)[Math.floor(times.length / 10)] as number
const highest = (rates: readonly number[]): number => -fastest(rates.map((rate) => -rate))

/** Multiply-adds of one core at best, GFLOP/s: 12 chains of `rounds` of them. */
function measurePeak(kernels: Kernels): number {
  const rounds = 500_000
  const start = performance.now()
  kernels.peak(rounds, 1e-3)
  return (rounds * 96) / (performance.now() - start) / 1e6
}

/** The layer alone, reading a value of `shape` as it lies inside of a network. */
function alone(model: Model, node: Conv2d | Linear, shape: readonly number[], first: boolean): Model {
  const source = model.inputs.image
  const input = { dtype: 'float32', shape } as const
  const relu = { op: 'relu', name: 'inner', inputs: ['image'] } as const
  const names = [node.weight, ...(node.bias === undefined ? [] : [node.bias])]
  return {
    name: node.name,
    inputs: { image: first && source ? source : input },
    nodes: [...(first ? [] : [relu]), { ...node, inputs: [first ? 'image' : 'inner'] }],
    outputs: { out: node.name },
    weights: Object.fromEntries(names.map((name) => [name, model.weights[name] ?? tensor([0])])),
  }
}

/** Other kernels and block sizes for what the dispatcher would run with `choice`. */
function alternatives(choice: Choice, pixels: number, k: number): readonly (readonly [string, Tuning])[] {
  const other = (op: number, name: string): readonly [string, Tuning] => [
    name,
    { ...defaultTuning, conv: () => ({ ...choice, op, name }) },
  ]
  switch (choice.op) {
    case abi.GEMM: {
      const blocks = [...new Set([48, 96, 192, 384, Math.ceil(pixels / 6) * 6])]
      const depths = [...new Set([128, 256, 512, 8192])].filter((depth) => depth < k || depth === 8192)
      return [
        ...blocks.flatMap((block) =>
          depths.map((kBlock) => {
            const tuning: Tuning = { ...defaultTuning, block: () => block, kBlock }
            return [`blocks of ${block} x ${Math.min(k, kBlock)}`, tuning] as const
          }),
        ),
        other(abi.CONV, 'dense (gathered)'),
      ]
    }
    case abi.GEMV:
      return [other(abi.GEMM, 'pointwise')]
    case abi.STEM:
      return [other(abi.CONV, 'dense (gathered)')]
    case abi.DEPTHWISE3:
      return [other(abi.DEPTHWISE, 'depthwise (general)')]
    default:
      return []
  }
}

async function prepare(
  model: Model,
  node: string,
  tuning: Tuning,
  simd: 'relaxed' | 'plain',
): Promise<() => void> {
  const plan: Plan = planModel(model, 1, tuning)
  const pages = Math.ceil(plan.end / 65536)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  plan.writeRecords(new Int32Array(memory.buffer))
  for (const constant of plan.constants) constant.write(new Float32Array(memory.buffer))
  const kernels = await instantiate(await loadModule(simd, undefined, false), memory)
  const index = plan.steps.findIndex((step) => step.node === node)
  const record = plan.records + index * abi.STEP_WORDS * 4
  return () => kernels.step(record, 0, plan.units[index] as number, plan.scratch)
}

/** @param each Whether to time every layer alone, with every kernel, before the whole network. */
export async function tune(variant: keyof typeof variants, rounds: number, each: boolean): Promise<Report> {
  const simd = (await detectSimd()) ?? 'plain'
  const model = initialize(mobileone(variants[variant], { form: 'deploy' }), {
    seed: 1,
    statistics: 'random',
  })
  const shapes = inferShapes(model)
  const macs = new Map(profile(model).layers.map((layer) => [layer.node, layer.macs]))
  const probe = new WebAssembly.Memory({ initial: 1, maximum: 1 })
  const kernels = await instantiate(await loadModule(simd, undefined, false), probe)
  for (let i = 0; i < 10; i++) measurePeak(kernels)

  const groups = new Map<string, (Conv2d | Linear)[]>()
  for (const node of model.nodes) {
    if (node.op !== 'conv2d' && node.op !== 'linear') continue
    const geometry = node.op === 'conv2d' ? [node.stride, node.groups > 1 ? 'depthwise' : ''] : []
    const key = [node.op, shapes[node.inputs[0]], shapes[node.name], ...geometry].join(' ')
    groups.set(key, [...(groups.get(key) ?? []), node])
  }

  const layers: Layer[] = []
  for (const nodes of each ? groups.values() : []) {
    const node = nodes[0] as Conv2d | Linear
    const input = shapes[node.inputs[0]] as readonly number[]
    const output = shapes[node.name] as readonly number[]
    const weight = model.weights[node.weight]?.shape ?? []
    const first = node.inputs[0] === 'image'
    const [, inChannels = 1] = input
    const pixels = output.slice(2).reduce((product, size) => product * size, 1)
    const facts = {
      ...(node.op === 'conv2d'
        ? { stride: node.stride, padding: node.padding, dilation: node.dilation, groups: node.groups }
        : ({ stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 } as const)),
      ...{ kernel: [weight[2] ?? 1, weight[3] ?? 1] as const, inChannels, outChannels: output[1] ?? 1 },
      ...{ outWidth: output[3] ?? 1, pixels, planar: first },
    }
    const choice = chooseConv(facts)
    const isolated = alone(model, node, input, first)
    const picked =
      choice.op === abi.GEMM
        ? `blocks of ${chooseBlock(pixels, inChannels, false)} x ${Math.min(inChannels, defaultTuning.kBlock)}`
        : choice.name
    const entries: (readonly [string, Tuning])[] = [
      [picked, defaultTuning],
      ...alternatives(choice, pixels, inChannels).filter(([name]) => name !== picked),
    ]
    const candidates = await Promise.all(
      entries.map(async ([kernel, tuning]) => ({
        kernel,
        run: await prepare(isolated, node.name, tuning, simd),
        times: [] as number[],
      })),
    )
    const flop = 2 * (macs.get(node.name) ?? 0)
    const repeats = Math.max(1, Math.round(1e7 / Math.max(flop, 1e4)))
    for (const { run } of candidates) for (let i = 0; i < 20 * repeats; i++) run()
    const peaks: number[] = []
    for (let round = 0; round < rounds; round++) {
      peaks.push(measurePeak(kernels))
      for (const { run, times } of candidates) {
        const start = performance.now()
        for (let i = 0; i < repeats; i++) run()
        times.push((performance.now() - start) / repeats)
      }
    }
    const layer: Layer = {
      nodes: nodes.map(({ name }) => name),
      shape: `${input.slice(1).join('x')} -> ${output.slice(1).join('x')}`,
      flop,
      peakGflops: highest(peaks),
      candidates: candidates.map(({ kernel, times }, index) => ({
        kernel,
        picked: index === 0,
        ms: median(times),
      })),
    }
    layers.push(layer)
  }

  const image = initialize({ ...model, nodes: [] }, { seed: 2 }).inputs.image?.shape ?? []
  const inputs = {
    image: tensor(
      image,
      new Float32Array(image.reduce((a, b) => a * b, 1)).map((_, i) => Math.sin(i)),
    ),
  }
  const runs: Report['runs'][number][] = []
  let steps: Report['steps'] = []
  const peaks: number[] = []
  for (const threads of [1, 2]) {
    let start = performance.now()
    const executor = await wasm({ threads }).compile(model)
    const compileMs = performance.now() - start
    start = performance.now()
    await executor.run(inputs)
    const firstMs = performance.now() - start
    for (let i = 0; i < 10; i++) await executor.run(inputs)
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      if (threads === 1) peaks.push(measurePeak(kernels))
      start = performance.now()
      await executor.run(inputs)
      times.push(performance.now() - start)
    }
    runs.push({ threads, compileMs, firstMs, ms: median(times), bestMs: fastest(times) })
    if (threads === 1 && executor.profile) {
      const profiles: (readonly { readonly ms: number }[])[] = []
      for (let round = 0; round < rounds; round++) profiles.push(await executor.profile(inputs))
      steps = executor.steps.map((step, index) => ({
        ...step,
        ms: fastest(profiles.map((entry) => entry[index]?.ms ?? 0)),
        flop: 2 * (macs.get(step.node) ?? 0),
      }))
    }
    await executor.dispose()
  }
  const flop = [...macs.values()].reduce((sum, count) => sum + 2 * count, 0)
  return { simd, layers, steps, peakGflops: highest(peaks), runs, flop }
}
