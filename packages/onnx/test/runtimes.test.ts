import {
  configFromWidths,
  initialize,
  type Model,
  mobileone,
  opNames,
  print,
  reparameterize,
  withBatch,
} from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { toOnnx } from '../src/index.ts'
import { randomInputs, randomModel } from './support/random-model.ts'
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

/** What `toOnnx` refuses. */
const unwritten = ['relu6', 'hardSigmoid', 'hardSwish', 'maxPool', 'upsample', 'concat', 'slice']

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
  test('200 random networks of every op', async () => {
    const ops = new Set<string>()
    for (let seed = 1; seed <= 200; seed++) {
      const model = randomModel(seed)
      for (const node of model.nodes) ops.add(node.op)
      await compare(model, runtime, `seed ${seed}\n${print(model)}`)
    }
    expect([...ops].sort()).toEqual(opNames.filter((op) => !unwritten.includes(op)).sort())
  }, 180_000)

  test('a MobileOne with squeeze-and-excite, in train and deploy form', async () => {
    const train = initialize(mobileone(small, { form: 'train' }), { seed: 3, statistics: 'random' })
    await compare(withBatch(train, 2), runtime, 'train')
    await compare(reparameterize(train), runtime, 'deploy')
  })

  test('several outputs, one of them shown twice', async () => {
    const graph = mobileone(small, { form: 'deploy', outputs: ['logits', 'embedding', 'stride8'] })
    const model = initialize(graph, { seed: 4, statistics: 'random' })
    await compare({ ...model, outputs: { ...model.outputs, again: 'head' } }, runtime, 'outputs')
  })
})
