/** Small networks with layers in int8, and runs of them with a kernel of choice: for Node and for pages. */
import { convNode } from '@mobileone/conformance'
import {
  elementCount,
  type Model,
  type Node,
  type QuantizedTensor,
  random,
  reference,
  spec,
  type Tensor,
  type Tensors,
  tensor,
} from '@mobileone/core'
import type { Int8Kernel } from '../src/choose.ts'
import type { Simd } from '../src/detect-simd.ts'
import { executorOf } from '../src/executor.ts'
import { planInt8 } from '../src/int8-layers.ts'
import { createRuntime } from '../src/runtime.ts'
import { planThreads } from '../src/thread-count.ts'

export interface PointwiseFacts {
  readonly inputs: number
  readonly outputs: number
  readonly size: readonly [height: number, width: number]
  readonly batch?: number
  readonly stride?: readonly [number, number]
  /** Default: where the layer is square. */
  readonly diagonal?: boolean
  readonly bias?: boolean
  readonly act?: 'relu' | 'relu6'
  /** Weights as large as can be, which overflow eight products of i16. */
  readonly large?: boolean
  /** Weights of which eight come to all that an i16 holds. */
  readonly full?: boolean
}

/** Eight weights that come to what `largestLane` may be. */
const fullLane = [127, 100, 11, 5, 5, 4, 3, 3] as const

/** An int8 weight for levels, its steps and scales of any size. */
export function int8Weight(
  outputs: number,
  inputs: number,
  seed: number,
  {
    diagonal = outputs === inputs,
    large = false,
    full = false,
  }: { readonly diagonal?: boolean; readonly large?: boolean; readonly full?: boolean } = {},
): QuantizedTensor {
  const { next } = random(seed)
  const within = (most: number): number => Math.round((next() * 2 - 1) * most)
  const ofFullLane = (index: number): number => {
    const [row, k] = [Math.floor(index / inputs), index % inputs]
    const weight = fullLane[((k >> 1) & 6) | (k & 1)]!
    return ((k >> 1) + row) & 1 ? -weight : weight
  }
  const level = (index: number): number => {
    if (full) return ofFullLane(index)
    if (!large) return within(32)
    return next() < 0.5 ? (next() < 0.5 ? -127 : 127) : within(127)
  }
  return {
    dtype: 'int8',
    shape: [outputs, inputs, 1, 1],
    data: Int8Array.from({ length: outputs * inputs }, (_, index) => level(index)),
    scales: Float32Array.from({ length: outputs }, () => 0.001 + next() * 0.01),
    inputSteps: Float32Array.from({ length: inputs }, () => 0.01 + next() * 0.05),
    ...(diagonal && { diagonal: Float32Array.from({ length: outputs }, () => next() * 2 - 1) }),
  }
}

/** One pointwise layer in int8, of an input that is a feature map. */
export function pointwise(facts: PointwiseFacts, seed: number): Model {
  const { inputs, outputs, size, batch = 1, stride = [1, 1], act } = facts
  const { next } = random(seed + 1)
  const conv = convNode('conv', 'x', {
    stride: [stride[0], stride[1]],
    ...(facts.bias === false && { bias: false }),
  })
  const nodes: Node[] = [conv]
  if (act) nodes.push({ op: act, name: 'act', inputs: ['conv'] })
  return {
    name: 'pointwise',
    inputs: { x: spec([batch, inputs, ...size]) },
    nodes,
    outputs: { y: nodes.at(-1)!.name },
    weights: {
      'conv.weight': int8Weight(outputs, inputs, seed, facts),
      ...(facts.bias !== false && {
        'conv.bias': tensor(
          [outputs],
          Float32Array.from({ length: outputs }, () => next() - 0.5),
        ),
      }),
    },
  }
}

/** Values over the whole range of levels and beyond it, some of them none. */
export function hostileInput(shape: readonly number[], seed: number): Tensor {
  const { next } = random(seed)
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30, -3, -0, 1e-40]
  const x = tensor(shape)
  for (let i = 0; i < x.data.length; i++) {
    x.data[i] = next() < 0.05 ? odd[Math.floor(next() * odd.length)]! : next() * 7 - 1
  }
  return x
}

/** The outputs of `model` on this backend, its layers in int8 by `kernel`. */
export async function runWith(
  model: Model,
  inputs: Tensors,
  {
    kernel,
    simd,
    threads = 1,
  }: { readonly kernel: Int8Kernel | undefined; readonly simd: Simd; readonly threads?: number },
): Promise<{
  readonly outputs: Tensors
  readonly kernels: readonly string[]
  readonly precision: string | undefined
}> {
  const runtime = await createRuntime(model, {
    wasm: undefined,
    worker: undefined,
    simd,
    precision: undefined,
    threads: planThreads(threads),
    planInt8: planInt8(kernel),
  })
  const executor = executorOf(model.inputs, runtime, simd)
  const outputs = await executor.run(inputs)
  await executor.dispose()
  return { outputs, kernels: executor.steps.map((step) => step.kernel), precision: executor.precision }
}

/** How many elements of `found` have other bits than those of `wanted`; NaNs are alike. */
export function otherBits(found: Tensor, wanted: Tensor): number {
  if (found.data.length !== wanted.data.length) return -1
  let count = 0
  for (const [i, value] of wanted.data.entries()) if (!Object.is(found.data[i], value)) count++
  return count
}

/** What differs in bits from the reference, in words. */
export async function differences(
  cases: readonly PointwiseFacts[],
  options: Parameters<typeof runWith>[2],
): Promise<string[]> {
  const found: string[] = []
  for (const [index, facts] of cases.entries()) {
    const model = pointwise(facts, index)
    const inputs = { x: hostileInput(model.inputs.x!.shape, index + 7) }
    const wanted = await (await reference().compile(model)).run(inputs)
    const { outputs } = await runWith(model, inputs, options)
    const bad = otherBits(outputs.y!, wanted.y!)
    if (bad) found.push(`${JSON.stringify(facts)}: ${bad} of ${wanted.y!.data.length}`)
  }
  return found
}

/** Every remainder of channels, pixels and panels, with and without what comes after the sums. */
export function pointwiseCases(): PointwiseFacts[] {
  const cases: PointwiseFacts[] = []
  for (let inputs = 1; inputs <= 70; inputs++) {
    const outputs = inputs % 3 === 0 ? inputs : ((inputs * 7) % 29) + 1
    const pixels = ((inputs * 5) % 13) + 1
    cases.push({ inputs, outputs, size: [1, pixels], ...(inputs % 2 === 0 && { act: 'relu' }) })
  }
  cases.push(
    { inputs: 24, outputs: 24, size: [1, 1], bias: false },
    { inputs: 64, outputs: 16, size: [1, 1], act: 'relu' },
    { inputs: 40, outputs: 40, size: [5, 7], batch: 2, act: 'relu6' },
    { inputs: 33, outputs: 12, size: [9, 8], batch: 2, stride: [2, 2] },
    { inputs: 16, outputs: 16, size: [7, 9], stride: [2, 1], act: 'relu6' },
    { inputs: 48, outputs: 128, size: [30, 31], act: 'relu' },
    { inputs: 300, outputs: 8, size: [25, 25] },
    { inputs: 1024, outputs: 9, size: [2, 3], large: true },
    { inputs: 64, outputs: 64, size: [6, 6], large: true, act: 'relu' },
    { inputs: 64, outputs: 24, size: [6, 6], full: true },
    { inputs: 21, outputs: 21, size: [3, 3], diagonal: false },
  )
  return cases
}

export interface VectorFacts {
  readonly inputs: number
  readonly outputs: number
  readonly batch: number
  readonly bias?: boolean
  readonly act?: 'relu' | 'relu6' | 'sigmoid'
  /** A 1 x 1 convolution of one pixel instead of a linear layer. */
  readonly conv?: boolean
}

/** A product with weights that are int8 alone, of numbers whose sums float32 holds exactly, in whatever order. */
export function vectorProduct(
  { inputs, outputs, batch, bias = true, act, conv = false }: VectorFacts,
  seed: number,
): { readonly model: Model; readonly x: Tensor } {
  const { integer } = random(seed)
  const eighths = (shape: readonly number[], most: number): Tensor =>
    tensor(
      shape,
      Float32Array.from({ length: elementCount(shape) }, () => integer(-most, most) / 8),
    )
  const pixel = conv ? [1, 1] : []
  const biased = bias ? { bias: 'y.bias' } : {}
  const product: Node = conv
    ? convNode('y', 'x', bias ? {} : { bias: false })
    : { op: 'linear', name: 'y', inputs: ['x'], weight: 'y.weight', ...biased }
  const nodes: Node[] = [product, ...(act ? [{ op: act, name: 'act', inputs: ['y'] } satisfies Node] : [])]
  const model: Model = {
    name: 'vector',
    inputs: { x: spec([batch, inputs, ...pixel]) },
    nodes,
    outputs: { y: nodes.at(-1)!.name },
    weights: {
      'y.weight': {
        dtype: 'int8',
        shape: [outputs, inputs, ...pixel],
        data: Int8Array.from({ length: outputs * inputs }, () => integer(-127, 127)),
        scales: Float32Array.from({ length: outputs }, () => 2 ** integer(-9, -5)),
      },
      ...(bias && { 'y.bias': eighths([outputs], 64) }),
    },
  }
  return { model, x: eighths(model.inputs.x!.shape, 64) }
}

/** Every remainder of inputs by 2 and of outputs by 8, one vector and several, whose product is another step. */
export function vectorCases(): VectorFacts[] {
  const cases: VectorFacts[] = []
  for (let outputs = 1; outputs <= 17; outputs++) {
    const inputs = ((outputs * 11) % 23) + 1
    for (const batch of [1, 3]) {
      cases.push({
        inputs,
        outputs,
        batch,
        conv: outputs % 3 === 0,
        ...(outputs % 2 === 0 && { act: 'relu' }),
      })
    }
  }
  for (const batch of [1, 2]) {
    cases.push(
      { inputs: 1, outputs: 8, batch },
      { inputs: 40, outputs: 24, batch, bias: false },
      { inputs: 33, outputs: 9, batch, act: 'relu6' },
      { inputs: 1024, outputs: 1000, batch },
      { inputs: 1023, outputs: 100, batch, act: 'relu' },
    )
  }
  return cases
}

/** Which of {@link vectorCases} have other bits than the reference, or go by another kernel, in words. */
export async function vectorDifferences(options: Parameters<typeof runWith>[2]): Promise<string[]> {
  const found: string[] = []
  for (const [index, facts] of vectorCases().entries()) {
    const { model, x } = vectorProduct(facts, index)
    const wanted = await (await reference().compile(model)).run({ x })
    const { outputs, kernels } = await runWith(model, { x }, options)
    const bad = otherBits(outputs.y!, wanted.y!)
    const expected = facts.batch === 1 ? 'vector, int8 weights' : 'pointwise'
    const product = kernels.find((kernel) => kernel.startsWith(expected))
    if (bad || !product)
      found.push(`${JSON.stringify(facts)}: ${bad} of ${wanted.y!.data.length}, by ${kernels.join(', ')}`)
  }
  return found
}

/** Blocks of a depthwise and a pointwise layer as a classifier has them, one of them with stride, and a gate. */
export function int8Network(): Model {
  const { next } = random(5)
  const numbers = (shape: readonly number[], spread = 1): Tensor =>
    tensor(
      shape,
      Float32Array.from({ length: elementCount(shape) }, () => (next() * 2 - 1) * spread),
    )
  const relu = (input: string): Node => ({ op: 'relu', name: `${input}+`, inputs: [input] })
  const depthwise = (name: string, input: string, channels: number, stride: 1 | 2): Node =>
    convNode(name, input, { stride: [stride, stride], padding: [1, 1], groups: channels })
  const nodes: Node[] = [
    depthwise('a.dw', 'x', 20, 1),
    relu('a.dw'),
    convNode('a.pw', 'a.dw+'),
    relu('a.pw'),
    // Read by two layers in int8 with the same steps.
    depthwise('b.dw', 'a.pw+', 24, 2),
    relu('b.dw'),
    convNode('b.pw', 'b.dw+'),
    convNode('b.other', 'b.dw+'),
    { op: 'add', name: 'b', inputs: ['b.pw', 'b.other'] },
    relu('b'),
    // Read by a layer in int8 and by one that is not.
    depthwise('c.dw', 'b+', 24, 1),
    { op: 'relu6', name: 'c.dw+', inputs: ['c.dw'] },
    convNode('c.pw', 'c.dw+'),
    { op: 'globalAvgPool', name: 'mean', inputs: ['c.dw+'] },
    convNode('reduce', 'mean'),
    relu('reduce'),
    convNode('expand', 'reduce+'),
    { op: 'sigmoid', name: 'gate', inputs: ['expand'] },
    { op: 'mul', name: 'gated', inputs: ['c.pw', 'gate'] },
    relu('gated'),
    convNode('d', 'gated+', { stride: [2, 2] }),
  ]
  const steps = int8Weight(24, 24, 22)
  return {
    name: 'int8 network',
    inputs: { x: spec([2, 20, 17, 13]) },
    nodes,
    outputs: { y: 'd', pooled: 'mean' },
    weights: {
      'a.dw.weight': numbers([20, 1, 3, 3]),
      'a.pw.weight': int8Weight(24, 20, 21),
      'b.dw.weight': numbers([24, 1, 3, 3]),
      'b.pw.weight': steps,
      'b.other.weight': { ...int8Weight(24, 24, 23), inputSteps: steps.inputSteps! },
      'c.dw.weight': numbers([24, 1, 3, 3]),
      'c.pw.weight': int8Weight(24, 24, 24),
      'reduce.weight': int8Weight(6, 24, 25),
      'expand.weight': numbers([24, 6, 1, 1]),
      'd.weight': int8Weight(11, 24, 26),
      ...Object.fromEntries(
        nodes.flatMap((node) =>
          node.op === 'conv2d' ? [[node.bias!, numbers([biasSizes[node.name] ?? 24])]] : [],
        ),
      ),
    },
  }
}

const biasSizes: Readonly<Record<string, number>> = { 'a.dw': 20, reduce: 6, d: 11 }

/** The largest distance of the outputs of {@link int8Network} from the reference, over their largest magnitude, and the kernels. */
export async function networkDistance(
  options: Parameters<typeof runWith>[2],
): Promise<{ readonly distance: number; readonly kernels: readonly string[] }> {
  const model = int8Network()
  const inputs = {
    x: tensor(
      model.inputs.x!.shape,
      hostileInput(model.inputs.x!.shape, 3).data.map((x) => (Math.abs(x) < 100 ? x : 1)),
    ),
  }
  const wanted = await (await reference().compile(model)).run(inputs)
  const { outputs, kernels } = await runWith(model, inputs, options)
  const distances = Object.entries(wanted).map(([name, { data }]) => {
    const scale = data.reduce((most, x) => Math.max(most, Math.abs(x)), 1)
    return outputs[name]!.data.reduce((most, x, i) => Math.max(most, Math.abs(x - data[i]!)), 0) / scale
  })
  return { distance: Math.max(...distances), kernels }
}
