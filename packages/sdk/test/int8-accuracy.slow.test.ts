/**
 * What int8 costs the real S0 on photographs that it was not calibrated on: every fourth of them, of one draw. `npm run accuracy:int8`
 * takes all, several draws, and fewer photographs to calibrate on.
 */
import { readFile } from 'node:fs/promises'
import { wasm } from '@mobileone/backend-wasm'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { type Executor, type Model, quantize, random, type Tensors, tensor } from '@mobileone/core'
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

const calibrated = 16

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
  const tested = order.slice(calibrated).filter((_, at) => at % 4 === 0)

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

  it('loses little with 16 photographs, and with weights only', { timeout: 600_000 }, async () => {
    const backend = wasm({ precision: 'int8' })
    const float = await classesOf(await backend.compile(model))
    const float32 = score(float, float)
    print('float32', float32)
    const samples = order.slice(0, calibrated).map((index) => inputs[index] as Tensors)
    // Comparing is done here, on more photographs.
    const heldOut = [inputs[tested[0] as number] as Tensors]
    // A photograph is 1.7 points of these 59.
    for (const [form, activations, lost, least] of [
      ['W8A7', true, 0.05, 0.9],
      ['weights only', false, 0.04, 0.95],
    ] as const) {
      const { model: int8 } = await quantize(model, { samples, heldOut, backend, activations })
      const executor = await backend.compile(int8)
      expect(executor.precision).toBe(activations ? 'int8' : 'float32')
      const found = score(await classesOf(executor), float)
      print(form, found)
      expect(found.top1).toBeGreaterThan(float32.top1 - lost)
      expect(found.agreement).toBeGreaterThan(least)
    }
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
