import { type Random, random } from '@mobileone/core'
import type { Definition } from '../definition.ts'
import { convNode, makeModel, normalInputs, pick } from '../make-model.ts'
import type { Trial } from '../trial.ts'

type Pair = readonly [height: number, width: number]

interface Geometry {
  readonly inChannels: number
  readonly outChannels: number
  readonly groups: number
  readonly kernel: Pair
  readonly stride: Pair
  readonly padding: Pair
  readonly dilation: Pair
}

/** Around the widths of vectors and register tiles: 1, odd, one more and one less than multiples of 4 and 8. */
const channelCounts = [1, 2, 3, 5, 7, 8, 9, 12, 15, 16, 17, 24, 33]

const families: Readonly<Record<string, (source: Random) => Partial<Geometry>>> = {
  pointwise: () => ({}),
  'pointwise with stride': (s) => ({ stride: [s.integer(2, 3), s.integer(2, 3)] }),
  'dense 3x3 with padding 1': (s) => {
    const stride = s.integer(1, 2)
    return { kernel: [3, 3], padding: [1, 1], stride: [stride, stride], inChannels: pick(s, [1, 3, 4, 6]) }
  },
  'dense, kernel 1 to 5': (s) => {
    const size = s.integer(1, 5)
    return { kernel: [size, size], stride: equal(s, 1, 3), padding: equal(s, 0, 2) }
  },
  'dense, sides unequal': (s) => ({
    kernel: pair(s, 1, 5),
    stride: pair(s, 1, 3),
    padding: pair(s, 0, 3),
  }),
  'dense, dilation': (s) => ({ kernel: equal(s, 2, 3), dilation: pair(s, 1, 3), padding: equal(s, 0, 3) }),
  'dense, dilation and stride': (s) => ({
    kernel: equal(s, 2, 3),
    dilation: pair(s, 2, 3),
    stride: pair(s, 2, 3),
    padding: equal(s, 0, 3),
  }),
  'depthwise 3x3 with padding 1': (s) => {
    const stride = s.integer(1, 2)
    return { ...depthwise(s), kernel: [3, 3], padding: [1, 1], stride: [stride, stride] }
  },
  'depthwise, kernel 1 to 5': (s) => {
    const size = s.integer(1, 5)
    return { ...depthwise(s), kernel: [size, size], stride: equal(s, 1, 3), padding: equal(s, 0, 2) }
  },
  'depthwise, sides unequal': (s) => ({
    ...depthwise(s),
    kernel: pair(s, 1, 5),
    stride: pair(s, 1, 3),
    padding: pair(s, 0, 3),
  }),
  'depthwise, dilation': (s) => ({
    ...depthwise(s),
    kernel: equal(s, 2, 3),
    dilation: equal(s, 2, 3),
    padding: equal(s, 0, 3),
  }),
  'depthwise, dilation and stride': (s) => ({
    ...depthwise(s),
    kernel: equal(s, 2, 3),
    dilation: pair(s, 2, 3),
    stride: pair(s, 2, 3),
    padding: equal(s, 0, 3),
  }),
  'depthwise, several filters a channel': (s) => ({
    ...depthwise(s, s.integer(2, 3)),
    kernel: equal(s, 1, 3),
    padding: equal(s, 0, 1),
  }),
  grouped: (s) => {
    const groups = s.integer(2, 4)
    return {
      groups,
      inChannels: groups * s.integer(2, 5),
      outChannels: groups * s.integer(1, 9),
      kernel: equal(s, 1, 3),
      stride: equal(s, 1, 2),
      padding: equal(s, 0, 2),
    }
  },
  'padding wider than the kernel': (s) => ({
    kernel: equal(s, 1, 2),
    padding: equal(s, 2, 4),
    stride: equal(s, 1, 2),
  }),
}

function equal(source: Random, low: number, high: number): Pair {
  const size = source.integer(low, high)
  return [size, size]
}

function pair(source: Random, low: number, high: number): Pair {
  return [source.integer(low, high), source.integer(low, high)]
}

function depthwise(source: Random, multiplier = 1): Partial<Geometry> {
  const channels = pick(source, channelCounts)
  return { inChannels: channels, outChannels: channels * multiplier, groups: channels }
}

const trialsPerFamily = 12

function convTrial(family: string, seed: number): Trial {
  const source = random(seed)
  const geometry: Geometry = {
    inChannels: pick(source, channelCounts),
    outChannels: pick(source, channelCounts),
    groups: 1,
    kernel: [1, 1],
    stride: [1, 1],
    padding: [0, 0],
    dilation: [1, 1],
    ...families[family]?.(source),
  }
  const { inChannels, outChannels, groups, kernel } = geometry
  const least = (axis: 0 | 1): number =>
    Math.max(1, geometry.dilation[axis] * (kernel[axis] - 1) + 1 - 2 * geometry.padding[axis])
  const size: Pair = [least(0) + source.integer(0, 12), least(1) + source.integer(0, 12)]
  const batch = source.integer(1, 4)
  const bias = source.next() < 0.75
  const activation = pick(source, [undefined, 'relu'] as const)
  const { stride, padding, dilation } = geometry
  const conv = convNode('conv', 'x', { stride, padding, dilation, groups, bias: bias && 'conv.bias' })
  const model = makeModel(
    {
      name: `conv2d ${family}`,
      inputs: { x: [batch, inChannels, ...size] },
      nodes: activation ? [conv, { op: activation, name: 'activation', inputs: ['conv'] }] : [conv],
      weights: {
        'conv.weight': [outChannels, inChannels / groups, ...kernel],
        ...(bias && { 'conv.bias': [outChannels] }),
      },
    },
    source,
  )
  const parameters = { batch, size, ...geometry, bias, activation }
  return { seed, parameters, model, inputs: normalInputs(model, source) }
}

/** Every kind of convolution over generated shapes. */
export const convCases: readonly Definition[] = Object.keys(families).map((family, index): Definition => {
  const trials = (): readonly Trial[] =>
    Array.from({ length: trialsPerFamily }, (_, trial) => convTrial(family, 1000 * (index + 1) + trial))
  return {
    name: `conv2d: ${family}`,
    ops: ['conv2d', 'relu'],
    trials,
  }
})
