import { wasm } from '@mobileone/backend-wasm'
import { expect, it } from 'vitest'
import { compare } from './readme-example.ts'
import { tinyModel } from './tiny.ts'

it('the example of the README that exports a function compares two backends on a network', async () => {
  const { results, skipped } = await compare(tinyModel(), wasm())
  expect(skipped).toEqual([])
  expect(results.map(({ contender, samples }) => `${contender} ${samples.length}`)).toEqual([
    'mine 20',
    'naive 20',
  ])
})
