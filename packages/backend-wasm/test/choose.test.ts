import { describe, expect, test } from 'vitest'
import { type ConvFacts, chooseBlock, chooseConv, K_BLOCK } from '../src/choose.ts'

const facts = (changes: Partial<ConvFacts>): ConvFacts => ({
  kernel: [3, 3],
  stride: [1, 1],
  padding: [1, 1],
  dilation: [1, 1],
  groups: 1,
  inChannels: 32,
  outChannels: 32,
  outWidth: 28,
  pixels: 784,
  planar: false,
  ...changes,
})
const pick = (changes: Partial<ConvFacts>): string => chooseConv(facts(changes)).name
const pointwise = { kernel: [1, 1], padding: [0, 0] } as const

describe('the edges of kernel choice', () => {
  test.each<[string, string, Partial<ConvFacts>]>([
    ['1x1, stride 1, no padding', 'pointwise', pointwise],
    ['… of a single pixel', 'vector', { ...pointwise, pixels: 1 }],
    ['… of two pixels', 'pointwise', { ...pointwise, pixels: 2 }],
    ['… with stride', 'dense', { ...pointwise, stride: [2, 2] }],
    ['… with padding', 'dense', { ...pointwise, padding: [1, 0] }],
    ['… in groups', 'dense', { ...pointwise, groups: 2 }],
    ['… of a model input', 'pointwise', { ...pointwise, planar: true }],
    ['3x3 of a feature map', 'dense', {}],
    ['3x3 of a model input', 'dense 3x3', { planar: true }],
    ['… with stride 2', 'dense 3x3', { planar: true, stride: [2, 2] }],
    ['… with stride 3 in y only', 'dense 3x3', { planar: true, stride: [3, 1] }],
    ['… with stride 3 in x', 'dense', { planar: true, stride: [1, 3] }],
    ['… dilated in y only', 'dense 3x3', { planar: true, dilation: [2, 1] }],
    ['… dilated in x', 'dense', { planar: true, dilation: [1, 2] }],
    ['… in groups', 'dense', { planar: true, groups: 2 }],
    ['3x5 of a model input', 'dense', { planar: true, kernel: [3, 5] }],
    ['depthwise 3x3', 'depthwise 3x3', { groups: 32 }],
    ['… with stride 2', 'depthwise 3x3', { groups: 32, stride: [2, 2] }],
    ['… with different strides', 'depthwise rows', { groups: 32, stride: [1, 2] }],
    ['… with stride 3', 'depthwise', { groups: 32, stride: [3, 3] }],
    ['… without padding', 'depthwise rows', { groups: 32, padding: [0, 0] }],
    ['… dilated', 'depthwise rows', { groups: 32, dilation: [2, 2], padding: [2, 2] }],
    ['… 4 outputs wide', 'depthwise 3x3', { groups: 32, outWidth: 4 }],
    ['… 3 outputs wide', 'depthwise', { groups: 32, outWidth: 3 }],
    ['depthwise 5x5', 'depthwise rows', { groups: 32, kernel: [5, 5], padding: [2, 2] }],
    ['… 3 outputs wide', 'depthwise', { groups: 32, kernel: [5, 5], padding: [2, 2], outWidth: 3 }],
    ['… with stride 3 in y only', 'depthwise rows', { groups: 32, kernel: [5, 5], stride: [3, 1] }],
    ['depthwise with two outputs a channel', 'dense', { groups: 32, outChannels: 64 }],
    ['one channel to one', 'dense', { inChannels: 1, outChannels: 1 }],
  ])('%s: %s', (_, name, changes) => expect(pick(changes)).toBe(name))

  test('every choice has a reason', () => {
    expect(chooseConv(facts({})).reason).toMatch(/\w+ \w+/)
  })
})

describe('blocks of pixels', () => {
  test('are balanced multiples of the tile that fit into the cache', () => {
    for (const [pixels, k] of [
      [784, 128],
      [196, 896],
      [49, 256],
      [3136, 48],
      [3137, 512],
      [7, 3],
      [1, 1],
    ] as const) {
      const block = chooseBlock(pixels, k, false, 6)
      expect(block % 6).toBe(0)
      expect(block * k * 4).toBeLessThanOrEqual(192 * 1024 + 6 * k * 4)
      const blocks = Math.ceil(pixels / block)
      expect(blocks * block - pixels).toBeLessThan(6 * blocks + block / 4)
    }
  })
  test('hold at least one tile, however long the reduction', () => {
    expect(chooseBlock(1000, 1e6, false, 6)).toBe(6)
    expect(chooseBlock(1000, 1e6, true, 6)).toBe(6)
  })
  test('parts of the reduction are whole groups of 8 channels', () => {
    expect(K_BLOCK % 8).toBe(0)
  })
})
