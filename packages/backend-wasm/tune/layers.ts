/** Every layer of a network alone, with every kernel that can run it. */
import { type Conv2d, inferShapes, type Linear, type Model, tensor } from '@mobileone/core'
import * as abi from '../src/abi.ts'
import { type Choice, type ConvFacts, chooseConv, type Tuning, tuningOf } from '../src/choose.ts'
import type { Simd } from '../src/detect-simd.ts'
import { instantiate, type Kernels, loadModule } from '../src/load.ts'
import { planModel } from '../src/plan.ts'
import { highest, measurePeak, median } from './timing.ts'

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

type LayerNode = Conv2d | Linear
type NamedTuning = readonly [name: string, tuning: Tuning]

/** @param flopOf Floating-point operations of a node. */
export async function timeLayers(
  model: Model,
  simd: Simd,
  rounds: number,
  kernels: Kernels,
  flopOf: (node: string) => number,
): Promise<readonly Layer[]> {
  const shapes = inferShapes(model)
  const layers: Layer[] = []
  for (const nodes of groupByShape(model, shapes)) {
    const node = nodes[0] as LayerNode
    const input = shapes[node.inputs[0]] as readonly number[]
    const output = shapes[node.name] as readonly number[]
    const facts = factsOf(model, node, input, output)
    const isolated = isolate(model, node, input)
    const candidates = await Promise.all(
      candidatesFor(facts, tuningOf(simd)).map(async ([kernel, tuning]) => ({
        kernel,
        run: await prepare(isolated, node.name, tuning, simd),
        times: [] as number[],
      })),
    )
    const flop = flopOf(node.name)
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
    layers.push({
      nodes: nodes.map(({ name }) => name),
      shape: `${input.slice(1).join('x')} -> ${output.slice(1).join('x')}`,
      flop,
      peakGflops: highest(peaks),
      candidates: candidates.map(({ kernel, times }, index) => ({
        kernel,
        picked: index === 0,
        ms: median(times),
      })),
    })
  }
  return layers
}

function groupByShape(model: Model, shapes: ReturnType<typeof inferShapes>): Iterable<readonly LayerNode[]> {
  const groups = new Map<string, LayerNode[]>()
  for (const node of model.nodes) {
    if (node.op !== 'conv2d' && node.op !== 'linear') continue
    const geometry = node.op === 'conv2d' ? [node.stride, node.groups > 1 ? 'depthwise' : ''] : []
    const key = [node.op, shapes[node.inputs[0]], shapes[node.name], ...geometry].join(' ')
    groups.set(key, [...(groups.get(key) ?? []), node])
  }
  return groups.values()
}

function factsOf(
  model: Model,
  node: LayerNode,
  input: readonly number[],
  output: readonly number[],
): ConvFacts {
  const isConv = node.op === 'conv2d'
  const { shape } = model.weights[node.weight]!
  return {
    kernel: [shape[2] ?? 1, shape[3] ?? 1],
    stride: isConv ? node.stride : [1, 1],
    padding: isConv ? node.padding : [0, 0],
    dilation: isConv ? node.dilation : [1, 1],
    groups: isConv ? node.groups : 1,
    inChannels: input[1] ?? 1,
    outChannels: output[1] ?? 1,
    outWidth: output[3] ?? 1,
    pixels: output.slice(2).reduce((product, size) => product * size, 1),
    planar: node.inputs[0] in model.inputs,
  }
}

/** The layer alone, reading a value of `shape` as it lies inside of a network. */
function isolate(model: Model, node: LayerNode, shape: readonly number[]): Model {
  const [source] = node.inputs
  const first = source in model.inputs
  const relu = { op: 'relu', name: 'inner', inputs: [source] } as const
  const names = [node.weight, ...(node.bias === undefined ? [] : [node.bias])]
  return {
    name: node.name,
    inputs: { [source]: { dtype: 'float32', shape } },
    nodes: first ? [node] : [relu, { ...node, inputs: ['inner'] }],
    outputs: { out: node.name },
    weights: Object.fromEntries(names.map((name) => [name, model.weights[name] ?? tensor([0])])),
  }
}

/** The kernel that the dispatcher picks, then the others. */
function candidatesFor(facts: ConvFacts, tuning: Tuning): readonly NamedTuning[] {
  const choice = chooseConv(facts)
  const { pixels, inChannels } = facts
  const picked =
    choice.op === abi.GEMM
      ? `blocks of ${tuning.block(pixels, inChannels, false)} x ${Math.min(inChannels, tuning.kBlock)}`
      : choice.name
  const others = alternatives(choice, tuning, pixels, inChannels)
  return [[picked, tuning], ...others.filter(([name]) => name !== picked)]
}

/** Other kernels and block sizes for what the dispatcher would run with `choice`. */
function alternatives(choice: Choice, tuning: Tuning, pixels: number, k: number): readonly NamedTuning[] {
  const other = (op: number, name: string): NamedTuning => [
    name,
    { ...tuning, conv: () => ({ ...choice, op, name }) },
  ]
  switch (choice.op) {
    case abi.GEMM: {
      const blocks = new Set([48, 96, 192, 384, Math.ceil(pixels / 6) * 6])
      const depths = [128, 256, 512, 8192].filter((depth) => depth < k || depth === 8192)
      const sizes = [...blocks].flatMap((block) => depths.map((kBlock) => ({ block, kBlock })))
      return [
        ...sizes.map(({ block, kBlock }): NamedTuning => {
          return [`blocks of ${block} x ${Math.min(k, kBlock)}`, { ...tuning, block: () => block, kBlock }]
        }),
        other(abi.CONV, 'dense (gathered)'),
      ]
    }
    case abi.GEMV:
      return [other(abi.GEMM, 'pointwise')]
    case abi.STEM:
      return [other(abi.CONV, 'dense (gathered)')]
    case abi.DEPTHWISE3:
      return [other(abi.DEPTHWISE_ROWS, 'depthwise rows'), other(abi.DEPTHWISE, 'depthwise (general)')]
    case abi.DEPTHWISE_ROWS:
      return [other(abi.DEPTHWISE, 'depthwise (general)')]
    default:
      return []
  }
}

async function prepare(model: Model, node: string, tuning: Tuning, simd: Simd): Promise<() => void> {
  const plan = planModel(model, 1, tuning)
  const pages = Math.ceil(plan.end / 65536)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  plan.writeRecords(new Int32Array(memory.buffer), 0)
  for (const constant of plan.constants) constant.write(new Float32Array(memory.buffer))
  const kernels = await instantiate(await loadModule(simd, undefined, false), memory)
  const index = plan.steps.findIndex((step) => step.node === node)
  const record = plan.records + index * abi.STEP_WORDS * 4
  return () => kernels.step(record, 0, plan.units[index] as number, plan.scratch)
}
