import { makeModel, normalInputs } from '@mobileone/conformance'
import { type Model, type Node, random, reference } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { wasm } from '../src/index.ts'
import { distance } from './distance.ts'

/** The larger of `x a + b` and `x c + d`, relu after it; with `order`, b and d times x with its channels in that order. */
function blended(
  shape: readonly [number, number, number, number],
  channels: readonly number[],
  order?: readonly number[],
  outputs?: readonly string[],
): Model {
  const [n] = shape
  const nodes: Node[] = [{ op: 'affine', name: 'x', inputs: ['image'], scale: 0.5, offset: 0.25 }]
  if (order) {
    const parts = order.map((channel) => `x${channel}`)
    for (const channel of order)
      nodes.push({
        op: 'slice',
        name: `x${channel}`,
        inputs: ['x'],
        axis: 1,
        start: channel,
        end: channel + 1,
      })
    nodes.push({ op: 'concat', name: 'mixed', inputs: parts as [string, ...string[]], axis: 1 })
  }
  for (const [scale, shift, sum] of [
    ['a', 'b', 'first'],
    ['c', 'd', 'second'],
  ] as const) {
    nodes.push({ op: 'mul', name: `x${scale}`, inputs: ['x', scale] })
    if (order) nodes.push({ op: 'mul', name: `x${shift}`, inputs: ['mixed', shift] })
    nodes.push({ op: 'add', name: sum, inputs: [`x${scale}`, order ? `x${shift}` : shift] })
  }
  nodes.push({ op: 'maximum', name: 'larger', inputs: ['first', 'second'] })
  nodes.push({ op: 'relu', name: 'y', inputs: ['larger'] })
  const factors = Object.fromEntries(channels.map((count, index) => ['abcd'[index]!, [n, count, 1, 1]]))
  const shown = outputs && Object.fromEntries(['y', ...outputs].map((name) => [name, name]))
  return makeModel({ inputs: { image: shape, ...factors }, nodes, ...(shown && { outputs: shown }) })
}

async function kernelsOf(model: Model): Promise<readonly string[]> {
  const inputs = normalInputs(model, random(7))
  await using ours = await wasm().compile(model)
  await using oracle = await reference().compile(model)
  const [got, wanted] = [await ours.run(inputs), await oracle.run(inputs)]
  for (const name of Object.keys(model.outputs))
    expect(distance(got[name]!.data, wanted[name]!.data), name).toBeLessThan(1e-5)
  return ours.steps.map(({ kernel }) => kernel)
}

describe.each([
  [1, 5, 7, 3],
  [2, 8, 4, 4],
  [3, 19, 2, 1],
] as const)('on %i x %i x %i x %i', (...shape) => {
  const [, c] = shape
  const reversed = Array.from({ length: c }, (_, channel) => c - 1 - channel)

  test('one number a channel', async () => {
    expect(await kernelsOf(blended(shape, [c, c, c, c]))).toContain('max of sums+relu')
  })

  test('one number an item, and both', async () => {
    expect(await kernelsOf(blended(shape, [1, 1, 1, 1]))).toContain('max of sums+relu')
    expect(await kernelsOf(blended(shape, [1, c, c, 1]))).toContain('max of sums+relu')
  })

  test('channels in another order', async () => {
    const kernels = await kernelsOf(blended(shape, [c, 1, c, c], reversed))
    expect(kernels).toContain('shift-max+relu')
    expect(kernels).not.toContain('channels')
  })

  test('a value within that is shown as well keeps its own step', async () => {
    expect(await kernelsOf(blended(shape, [c, c, c, c], undefined, ['first']))).toContain('maximum+relu')
    expect(await kernelsOf(blended(shape, [c, c, c, c], reversed, ['mixed']))).toContain('channels')
  })

  test('a value that is read again afterwards stays as it was', async () => {
    expect(await kernelsOf(blended(shape, [c, c, c, c], undefined, ['x']))).toContain('max of sums+relu')
  })
})
