import { expect, test } from 'vitest'
import { chooseFloat } from '../src/transforms/int8/choose-float.ts'

const layers = [
  { node: 'a', macs: 10, noise: 0.02 },
  { node: 'b', macs: 40, noise: 0.03 },
  { node: 'c', macs: 10, noise: 0.04 },
  { node: 'd', macs: 40, noise: 0.01 },
]

test('the worst that fit, with their share of the noise', () => {
  const rounded = (share: number) =>
    [...chooseFloat(layers, share)].map(([node, part]) => `${node} ${part.toFixed(1)}`)
  expect(rounded(0.1)).toEqual(['c 0.4'])
  expect(rounded(0.2)).toEqual(['c 0.4', 'a 0.2'])
  expect(rounded(0.05)).toEqual([])
})

test('none that has no more noise than its part of the work', () => {
  expect([...chooseFloat(layers, 1).keys()]).toEqual(['c', 'a'])
})

test('none where integers cost little, or nothing', () => {
  const quiet = layers.map((layer) => ({ ...layer, noise: layer.noise / 40 }))
  expect(chooseFloat(quiet, 1).size).toBe(0)
  expect(
    chooseFloat(
      layers.map((layer) => ({ ...layer, noise: 0 })),
      1,
    ).size,
  ).toBe(0)
  expect(chooseFloat([], 1).size).toBe(0)
})

test('no more than it takes', () => {
  const one = [
    { node: 'a', macs: 1, noise: 0.5 },
    { node: 'b', macs: 1, noise: 0.002 },
    { node: 'c', macs: 98, noise: 0.0001 },
  ]
  expect([...chooseFloat(one, 1).keys()]).toEqual(['a'])
})
