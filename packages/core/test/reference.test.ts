import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Model, type Node, opNames, reference, spec, type Tensor, tensor } from '../src/index.ts'
import { byHand, type Literal, type Nested } from './reference-cases.ts'

const pytorch = JSON.parse(readFileSync(new URL('fixtures/pytorch-ops.json', import.meta.url), 'utf8')) as {
  readonly torch: string
  readonly cases: readonly Literal[]
}

function shapeOf(value: Nested): readonly number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : []
}

function toTensor(value: Nested): Tensor {
  const elements = Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY) : [value]
  return tensor(shapeOf(value), Float32Array.from(elements, Number))
}

function toTensors(values: Readonly<Record<string, Nested>>): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toTensor(value)]))
}

/** Run the node of a literal case on the reference and compare its value to the last digit but one of float32. */
async function check({ node, inputs, weights = {}, output }: Literal): Promise<void> {
  const given = toTensors(inputs)
  const model: Model = {
    name: 'literal',
    inputs: Object.fromEntries(Object.entries(given).map(([name, { shape }]) => [name, spec(shape)])),
    nodes: [{ ...node, name: 'y' } as Node],
    outputs: { y: 'y' },
    weights: toTensors(weights),
  }
  await using executor = await reference().compile(model)
  const { y } = await executor.run(given)
  const wanted = toTensor(output)
  expect(y?.shape).toEqual(wanted.shape)
  const wrong = Array.from(wanted.data, (value, index) => ({
    index,
    value,
    got: y?.data[index] ?? 0,
  })).filter(
    ({ value, got }) =>
      !Object.is(value, got) && !(Math.abs(value - got) <= 1.2e-7 * Math.abs(value) + 1e-12),
  )
  expect(wrong).toEqual([])
}

describe.each(Object.entries<readonly Literal[]>(byHand))('%s, by hand', (_, cases) => {
  for (const literal of cases) it(literal.name, () => check(literal))
})

describe(`as PyTorch ${pytorch.torch} computes it`, () => {
  for (const literal of pytorch.cases) it(`${literal.node.op}: ${literal.name}`, () => check(literal))
})

describe('every op of the table', () => {
  it.each(opNames)('%s has cases by hand and from PyTorch', (op) => {
    expect(byHand[op].length).toBeGreaterThan(0)
    expect(pytorch.cases.filter(({ node }) => node.op === op).length).toBeGreaterThan(1)
  })
})
