import {
  configFromWidths,
  initialize,
  type Model,
  mobileone,
  opNames,
  print,
  reparameterize,
  spec,
  withBatch,
} from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { fromOnnx, toOnnx } from '../src/index.ts'
import { randomInputs, randomModel } from './support/random-model.ts'
import { randomTokens } from './support/random-tokens.ts'
import { expectClose, runOnnx, runReference, runtimes } from './support/run.ts'

const tolerance = 1e-4

async function compare(model: Model, runtime: (typeof runtimes)[number], context: string): Promise<void> {
  const inputs = randomInputs(model, 7)
  expectClose(
    await runOnnx(runtime, toOnnx(model), inputs),
    await runReference(model, inputs),
    tolerance,
    context,
  )
}

const small = configFromWidths({
  name: 'small',
  widths: [0.2, 0.3, 0.15, 0.1],
  blocks: [1, 2, 2, 1],
  branches: 3,
  squeezeExcite: [0, 0, 1, 1],
  classes: 11,
  inputSize: [65, 49],
})

describe.each(runtimes)('files run in %s', (runtime) => {
  test('240 random networks of every op', async () => {
    const ops = new Set<string>()
    for (let seed = 1; seed <= 200; seed++) {
      const model = randomModel(seed)
      for (const node of model.nodes) ops.add(node.op)
      await compare(model, runtime, `seed ${seed}\n${print(model)}`)
    }
    for (let seed = 1; seed <= 40; seed++) {
      const model = randomTokens(seed)
      for (const node of model.nodes) ops.add(node.op)
      await compare(model, runtime, `tokens, seed ${seed}\n${print(model)}`)
    }
    expect([...ops].sort()).toEqual([...opNames].sort())
  }, 180_000)

  test('a MobileOne with squeeze-and-excite, in train and deploy form', async () => {
    const train = initialize(mobileone(small, { form: 'train' }), { seed: 3, statistics: 'random' })
    await compare(withBatch(train, 2), runtime, 'train')
    await compare(reparameterize(train), runtime, 'deploy')
  })

  test('networks of tokens for any batch', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const model = randomTokens(seed)
      const doubled = withBatch(model, 2)
      const inputs = randomInputs(doubled, 7)
      const bytes = toOnnx(model, { dynamicBatch: true })
      const context = `seed ${seed}\n${print(doubled)}`
      expectClose(
        await runOnnx(runtime, bytes, inputs),
        await runReference(doubled, inputs),
        tolerance,
        context,
      )
    }
  })

  test('several outputs, one of them shown twice', async () => {
    const graph = mobileone(small, { form: 'deploy', outputs: ['logits', 'embedding', 'stride8'] })
    const model = initialize(graph, { seed: 4, statistics: 'random' })
    await compare({ ...model, outputs: { ...model.outputs, again: 'head' } }, runtime, 'outputs')
  })

  test('nearest pixels where float32 coordinates would miss them, for any batch', async () => {
    const targets = [
      [2, 12],
      [4, 24],
      [14, 20],
      [78, 48],
      [5, 7],
    ] as const
    const model: Model = {
      name: 'nearest',
      inputs: { x: spec([2, 3, 14, 20]) },
      nodes: targets.map((size) => ({
        op: 'upsample',
        name: `to ${size.join('x')}`,
        inputs: ['x'],
        mode: 'nearest',
        size,
      })),
      outputs: Object.fromEntries(targets.map((size, index) => [`y${index}`, `to ${size.join('x')}`])),
      weights: {},
    }
    const inputs = randomInputs(model, 7)
    const bytes = toOnnx(model, { dynamicBatch: true })
    const wanted = await runReference(model, inputs)
    expectClose(await runOnnx(runtime, bytes, inputs), wanted, 1e-6)
    expectClose(await runReference(fromOnnx(bytes, { batch: 2 }), inputs), wanted, 1e-6)
  })
})
