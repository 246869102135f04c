import { wasm } from '@mobileone/backend-wasm'
import {
  type Backend,
  initialize,
  type Model,
  maxAbsDifference,
  print,
  random,
  reference,
  reparameterize,
  type Tensor,
  tensor,
  withBatch,
} from '@mobileone/core'
import { expect } from 'vitest'
import { type ZooName, zooNetwork } from '../src/index.ts'

function noise(shape: readonly number[]): Tensor {
  const source = random(4)
  const image = tensor(shape)
  return tensor(
    shape,
    image.data.map(() => source.normal()),
  )
}

async function logits(model: Model, backend: Backend, image: Tensor): Promise<Tensor> {
  await using executor = await backend.compile(model)
  return (await executor.run({ image })).logits as Tensor
}

/** The train form with random weights folds into the graph and the weights of the deploy form, and keeps its logits. */
export async function expectExactFolding(name: ZooName): Promise<void> {
  const options = { size: [36, 33], classes: 5 } as const
  const train = initialize(zooNetwork(name, { ...options, form: 'train' }), {
    seed: 3,
    statistics: 'random',
  })
  const deploy = reparameterize(train)
  const built = zooNetwork(name, { ...options, form: 'deploy' })
  expect(print(deploy)).toBe(print(built))
  expect(Object.keys(deploy.weights).sort()).toEqual(Object.keys(built.weights).sort())
  expect(deploy.nodes.filter(({ op }) => op === 'batchNorm')).toEqual([])
  const image = noise([1, 3, ...options.size])
  const [trained, folded] = await Promise.all([
    logits(train, wasm(), image),
    logits(deploy, reference(), image),
  ])
  const largest = Math.max(...folded.data.map(Math.abs))
  expect(largest).toBeGreaterThan(0)
  expect(maxAbsDifference(trained, folded)).toBeLessThan(1e-4 * largest)
}

/** The second of two pictures gets, to the bit, what it gets alone. */
export async function expectSameInBatch(name: ZooName): Promise<void> {
  const size = [48, 40] as const
  const graph = zooNetwork(name, { form: 'deploy', size, classes: 3 })
  const model = initialize(graph, { seed: 3, statistics: 'random' })
  const pair = noise([2, 3, ...size])
  const half = pair.data.length / 2
  const both = await logits(withBatch(model, 2), reference(), pair)
  const second = await logits(model, reference(), tensor([1, 3, ...size], pair.data.slice(half)))
  expect(Array.from(both.data.slice(3))).toEqual(Array.from(second.data))
  expect(new Set(both.data).size).toBe(6)
}
