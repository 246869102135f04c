/** Small networks with layers in int8, and runs of them with a kernel of choice: for Node and for pages. */
import { convNode } from '@mobileone/conformance'
import {
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
  /** Weights as large as can be, which overflow four products of i16. */
  readonly large?: boolean
}

/** An int8 weight for levels, its steps and scales of any size. */
export function int8Weight(
  outputs: number,
  inputs: number,
  seed: number,
  {
    diagonal = outputs === inputs,
    large = false,
  }: { readonly diagonal?: boolean; readonly large?: boolean } = {},
): QuantizedTensor {
  const { next } = random(seed)
  const most = large ? 127 : 62
  return {
    dtype: 'int8',
    shape: [outputs, inputs, 1, 1],
    data: Int8Array.from({ length: outputs * inputs }, () =>
      large && next() < 0.5 ? (next() < 0.5 ? -127 : 127) : Math.round((next() * 2 - 1) * most),
    ),
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
    { inputs: 21, outputs: 21, size: [3, 3], diagonal: false },
  )
  return cases
}
