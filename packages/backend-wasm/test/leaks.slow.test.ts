import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { wasm } from '../src/index.ts'
import { image, network } from './networks.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Megabytes the process holds after garbage was collected. */
async function held(): Promise<{ heap: number; resident: number }> {
  for (let i = 0; i < 4; i++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: (heapUsed + external) / 2 ** 20, resident: rss / 2 ** 20 }
}

test('1,000 runs leave memory flat', async () => {
  const model = network('s0', 32)
  const inputs = image(model, 1)
  const executor = await wasm().compile(model)
  for (let i = 0; i < 200; i++) await executor.run(inputs)
  const before = await held()
  for (let i = 0; i < 1000; i++) await executor.run(inputs)
  const after = await held()
  expect(after.heap - before.heap).toBeLessThan(2)
  expect(after.resident - before.resident).toBeLessThan(24)
  await executor.dispose()
})

test.each([1, 2])(
  '40 cycles of compile, run and dispose leave memory flat: %i thread(s)',
  async (threads) => {
    const model = network('s0', 32)
    const inputs = image(model, 1)
    const cycle = async (): Promise<void> => {
      const executor = await wasm({ threads }).compile(model)
      await executor.run(inputs)
      await executor.dispose()
    }
    for (let i = 0; i < 10; i++) await cycle()
    const before = await held()
    for (let i = 0; i < 40; i++) await cycle()
    const after = await held()
    expect(after.heap - before.heap).toBeLessThan(4)
    // 40 arenas left behind would be 360 MB.
    expect(after.resident - before.resident).toBeLessThan(90)
  },
)

test('a disposed executor holds no memory, although somebody holds the executor', async () => {
  const model = network('s0', 32)
  const kept = []
  for (let i = 0; i < 10; i++) await (await wasm().compile(model)).dispose()
  const before = await held()
  for (let i = 0; i < 50; i++) {
    const executor = await wasm().compile(model)
    await executor.dispose()
    kept.push(executor)
  }
  const after = await held()
  expect(after.resident - before.resident).toBeLessThan(90)
  expect(kept.length).toBe(50)
})
