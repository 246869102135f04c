import { toSafetensors } from '@mobileone/checkpoint'
import { reference, type Tensor, tensor } from '@mobileone/core'
import { toOnnx } from '@mobileone/onnx'
import { expect, it } from 'vitest'
import { makeNetwork } from '../src/site/networks/make-network.ts'
import { tiny } from './tiny.ts'

const blob = (bytes: Uint8Array): Blob => new Blob([bytes as Uint8Array<ArrayBuffer>])

async function answer(model: typeof tiny, batch: number): Promise<number[]> {
  await using executor = await reference().compile(model)
  const [[name, { shape }]] = Object.entries(executor.inputs) as [[string, Tensor]]
  const input = tensor([batch, ...shape.slice(1)])
  input.data.fill(0.5)
  const [output] = Object.values(await executor.run({ [name]: input }))
  return Array.from((output as Tensor).data)
}

it.each([
  ['an ONNX model', toOnnx],
  ['a checkpoint', toSafetensors],
] as const)('measures %s as a network of one’s own, at any batch', async (_, write) => {
  const made = await makeNetwork('own', { batch: 2, file: blob(write(tiny)) })
  const expected = await answer(tiny, 1)
  const given = await answer(made, 2)
  expect(given).toHaveLength(2 * expected.length)
  for (const [index, value] of given.entries()) {
    expect(value).toBeCloseTo(expected[index % expected.length] as number, 4)
  }
})

it('says what is wrong with a file', async () => {
  await expect(makeNetwork('own', { batch: 1 })).rejects.toMatchObject({ code: 'invalid-argument' })
  const cut = toOnnx(tiny)
  for (const bytes of [
    cut.slice(0, cut.length / 2),
    new Uint8Array(64),
    new TextEncoder().encode('<html>'),
  ]) {
    await expect(makeNetwork('own', { batch: 1, file: blob(bytes) })).rejects.toMatchObject({
      name: 'MobileOneError',
    })
  }
})
