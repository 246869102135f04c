import { expect, test } from 'vitest'
import { random } from '../../packages/core/src/index.ts'
import { measureCost } from '../../packages/testkit/src/cost.ts'
import { corpusOf, count, emptyTally, makeInput } from './fuzz-parser.ts'
import { parsers } from './parsers.ts'
import { encodeTree, type Field, mutateTree, parseTree } from './protobuf-tree.ts'

const inputs = 400

test.each(Object.keys(parsers))(
  `%s reads or refuses its corpus, its samples and ${inputs} hostile inputs`,
  async (name) => {
    const parser = parsers[name]!()
    const tally = emptyTally()
    for (const [file, bytes] of corpusOf(name)) await count(tally, parser, file, bytes)
    for (let index = 0; index < inputs; index++) {
      await count(tally, parser, `input ${index} of seed 1`, makeInput(parser, 1, index))
    }
    expect(tally.faults).toEqual([])
    expect(Object.keys(tally.outcomes).length).toBeGreaterThan(name === 'images' ? 0 : 1)
  },
)

test('a seed gives the same inputs again', () => {
  for (const make of Object.values(parsers)) {
    const parser = make()
    for (const index of [0, 1, 2, 77]) {
      expect(makeInput(parser, 5, index)).toEqual(makeInput(parser, 5, index))
    }
  }
})

test('a tree of gigabytes is counted before it is written, and copied with what it shares', () => {
  const text = { number: 1, type: 2, value: new Uint8Array(1000) }
  const wide = { number: 2, type: 2, value: Array<Field>(3000).fill(text) }
  const tree = [{ number: 3, type: 2, value: Array<Field>(3000).fill(wide) }]
  expect(encodeTree(tree, 2 ** 25)).toBeUndefined()
  const cost = measureCost(
    () => {
      for (let seed = 0; seed < 30; seed++) encodeTree(mutateTree(tree, random(seed)), 2 ** 25)
    },
    { cpuMs: 20_000, bytes: 400e6 },
  )
  expect(cost.bytes / 1e6, 'megabytes').toBeLessThan(400)
})

test('a tree is written as it was read', () => {
  for (const sample of parsers.onnx!().samples.slice(0, 4)) {
    expect(encodeTree(parseTree(sample) as Field[], sample.length)).toEqual(new Uint8Array(sample))
    expect(encodeTree(parseTree(sample) as Field[], sample.length - 1)).toBeUndefined()
  }
})
