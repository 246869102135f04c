/**
 * What int8 costs the real S0 on photographs that it was not calibrated on. Every fourth of them here; all, and other numbers of
 * photographs to calibrate on, where MOBILEONE_ACCURACY is `all`: `npm run accuracy:int8`.
 */
import { readFile } from 'node:fs/promises'
import { wasm } from '@mobileone/backend-wasm'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import {
  type Executor,
  floatWeight,
  integerWeight,
  inverseSteps,
  largestLevel,
  type Model,
  type Node,
  quantize,
  random,
  reference,
  type Tensors,
  tensor,
} from '@mobileone/core'
import {
  goldenPath,
  imagenetRule,
  lacking,
  type PhotographReference,
  readGolden,
  readGoldenJson,
} from '@mobileone/testkit'
import { preprocess } from '@mobileone/vision'
import { beforeAll, describe, expect, it } from 'vitest'

const isAll = process.env.MOBILEONE_ACCURACY === 'all'
const calibrated = 16

/**
 * Layers in integers as float32 nodes, for backends without kernels for them: inputs are rounded by adding 2^23, where a float32 has no
 * fraction, and taking it off again. Halves go to the even neighbour.
 */
function simulated(model: Model): Model {
  const nodes: Node[] = []
  const weights = { ...model.weights }
  const geometry = { stride: [1, 1], padding: [0, 0], dilation: [1, 1] } as const
  for (const node of model.nodes) {
    const weight = integerWeight(model, node)
    if (node.op !== 'conv2d' || !weight?.inputSteps) {
      nodes.push(node)
      continue
    }
    const { inputSteps } = weight
    const channels = inputSteps.length
    const [scaled, cut, raised, level, float] = ['scaled', 'cut', 'raised', 'level', 'float'].map(
      (part) => `${node.name}.${part}`,
    ) as [string, string, string, string, string]
    weights[scaled] = tensor(
      [channels, 1, 1, 1],
      inverseSteps(weight).map((each) => (each * 6) / largestLevel),
    )
    weights[float] = tensor(
      weight.shape,
      floatWeight(model, node.weight).data.map((each, at) => each * (inputSteps[at % channels] as number)),
    )
    delete weights[node.weight]
    nodes.push(
      { op: 'conv2d', name: scaled, inputs: node.inputs, weight: scaled, groups: channels, ...geometry },
      { op: 'relu6', name: cut, inputs: [scaled] },
      { op: 'affine', name: raised, inputs: [cut], scale: largestLevel / 6, offset: 2 ** 23 },
      { op: 'affine', name: level, inputs: [raised], scale: 1, offset: -(2 ** 23) },
      { ...node, inputs: [level], weight: float },
    )
  }
  return { ...model, nodes, weights }
}

/** An executor that computes in integers, or as if it did. */
async function inIntegers(model: Model): Promise<Executor> {
  const executor = await wasm().compile(model)
  if (executor.precision === 'int8') return executor
  await executor.dispose()
  return wasm().compile(simulated(model))
}

interface Score {
  readonly top1: number
  /** The share of the same class as in float32. */
  readonly agreement: number
}

describe.skipIf(lacking('golden'))('the real S0 in int8', () => {
  const { images } = readGoldenJson<PhotographReference>('imagenet-sample', 'reference.json')
  let model: Model
  let inputs: readonly Tensors[]
  /** A permutation of the photographs, the first of which calibrate. */
  const order = shuffled(images.length)
  const tested = order.slice(calibrated).filter((_, at) => isAll || at % 4 === 0)

  beforeAll(async () => {
    model = modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0.pth.tar')), { size: [224, 224] })
    const needed = new Set([...order.slice(0, calibrated), ...tested])
    const made: Tensors[] = []
    for (const [index, { file }] of images.entries()) {
      if (!needed.has(index)) continue
      const bytes = new Uint8Array(await readFile(goldenPath('imagenet-sample', file)))
      const { data } = await preprocess(bytes, imagenetRule, { orientation: 'ignore' })
      made[index] = { image: tensor([1, 3, 224, 224], data) }
    }
    inputs = made
  }, 600_000)

  async function classesOf(executor: Executor): Promise<readonly number[]> {
    const classes: number[] = []
    for (const index of tested) {
      const { logits } = await executor.run(inputs[index] as Tensors)
      classes.push(logits?.data.indexOf(Math.max(...logits.data)) as number)
    }
    await executor.dispose()
    return classes
  }

  function score(classes: readonly number[], float: readonly number[]): Score {
    const share = (holds: (at: number) => boolean): number =>
      tested.filter((_, at) => holds(at)).length / tested.length
    return {
      top1: share((at) => classes[at] === images[tested[at] as number]?.label),
      agreement: share((at) => classes[at] === float[at]),
    }
  }

  const print = (what: string, { top1, agreement }: Score): void =>
    console.log(
      `${what}: top-1 ${(100 * top1).toFixed(1)} % of ${tested.length}, the same class for ${(100 * agreement).toFixed(1)} %`,
    )

  it('loses little with 16 photographs, less with weights only', {
    timeout: 3_600_000,
  }, async () => {
    const backend = wasm()
    const float = await classesOf(await backend.compile(model))
    const float32 = score(float, float)
    print('float32', float32)
    // The float network tells how good calibration is; comparing is done here, on more photographs.
    const heldOut = [inputs[tested[0] as number] as Tensors]
    for (const count of isAll ? [16, 4, 1] : [16]) {
      const samples = order.slice(0, count).map((index) => inputs[index] as Tensors)
      const both = await quantize(model, { samples, heldOut, backend })
      const only = await quantize(model, { samples, heldOut, backend, activations: false })
      const w8a7 = score(await classesOf(await inIntegers(both.model)), float)
      const w8 = score(await classesOf(await backend.compile(only.model)), float)
      print(`${count} photographs, W8A7`, w8a7)
      print(`${count} photographs, weights only`, w8)
      // A photograph is 1.7 points of a quarter of them.
      const [points, least] = isAll ? [0.0125, 0.92] : [0.035, 0.9]
      if (count !== 16) continue
      expect(w8a7.top1).toBeGreaterThan(float32.top1 - points)
      expect(w8a7.agreement).toBeGreaterThan(least)
      expect(w8.top1).toBeGreaterThan(float32.top1 - points)
      expect(w8.agreement).toBeGreaterThan(0.95)
    }
    if (!isAll) return
    const noise = await quantize(model, { heldOut, backend })
    print('no photographs, weights only', score(await classesOf(await backend.compile(noise.model)), float))
  })
})

/** 0 to `count` - 1 in an order that is always the same. */
function shuffled(count: number): readonly number[] {
  const source = random(1)
  const order = Array.from({ length: count }, (_, index) => index)
  for (let at = count - 1; at > 0; at--) {
    const other = source.integer(0, at)
    ;[order[at], order[other]] = [order[other] as number, order[at] as number]
  }
  return order
}

it('integers as float32 nodes are the reference to a level', async () => {
  const weight = {
    dtype: 'int8',
    shape: [2, 3, 1, 1],
    data: Int8Array.of(1, -2, 3, 127, 0, -5),
    scales: Float32Array.of(0.5, 0.25),
    inputSteps: Float32Array.of(0.1, 0.2, 0.3),
  } as const
  const model: Model = {
    name: 'layer',
    inputs: { x: { dtype: 'float32', shape: [1, 3, 4, 4] } },
    nodes: [
      {
        op: 'conv2d',
        name: 'y',
        inputs: ['x'],
        weight: 'w',
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
        groups: 1,
      },
    ],
    outputs: { y: 'y' },
    weights: { w: weight },
  }
  const source = random(1)
  const x = tensor(
    [1, 3, 4, 4],
    Float32Array.from({ length: 48 }, () => 20 * source.normal()),
  )
  const [a, b] = [await reference().compile(model), await wasm().compile(simulated(model))]
  const [wanted, got] = [(await a.run({ x })).y, (await b.run({ x })).y]
  await Promise.all([a.dispose(), b.dispose()])
  for (const [at, value] of (wanted?.data ?? []).entries()) expect(got?.data[at]).toBeCloseTo(value, 3)
})
