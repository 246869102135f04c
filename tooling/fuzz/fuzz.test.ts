import { expect, test } from 'vitest'
import { corpusOf, count, emptyTally, makeInput } from './fuzz-parser.ts'
import { parsers } from './parsers.ts'

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
