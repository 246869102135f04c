import { expect, it } from 'vitest'
import {
  compareModels,
  initialize,
  type Model,
  print,
  profile,
  quantizeWeight,
  reference,
  reparameterize,
  spec,
  type Tensor,
} from '../src/index.ts'
import { batchNorm, conv, graph, statistics } from './graphs.ts'

/** A backbone of one convolution, pooled, and a decoder that joins what comes back with what it came from. */
const pyramid = (): Model =>
  initialize(
    graph(
      4,
      [
        conv('a', 'x', { bias: false }),
        batchNorm('a.bn', 'a'),
        { op: 'hardSwish', name: 'a.act', inputs: ['a.bn'] },
        { op: 'maxPool', name: 'pool', inputs: ['a.act'], kernel: [3, 3], stride: [2, 2], padding: [1, 1] },
        { op: 'slice', name: 'half', inputs: ['pool'], axis: 1, start: 2, end: 4 },
        { op: 'upsample', name: 'up', inputs: ['half'], mode: 'bilinear', size: [9, 9] },
        { op: 'upsample', name: 'twice', inputs: ['pool'], mode: 'nearest', scale: [2, 1] },
        {
          op: 'upsample',
          name: 'corners',
          inputs: ['twice'],
          mode: 'bilinear',
          alignCorners: true,
          size: [9, 9],
        },
        { op: 'concat', name: 'joined', inputs: ['a.act', 'up', 'corners'], axis: 1 },
        conv('b', 'joined', { bias: false }),
        batchNorm('b.bn', 'b'),
        { op: 'relu6', name: 'y', inputs: ['b.bn'] },
      ],
      {
        'a.weight': [4, 4, 3, 3],
        'b.weight': [4, 10, 3, 3],
        ...statistics('a.bn', 4),
        ...statistics('b.bn', 4),
      },
    ),
    { seed: 1, statistics: 'random' },
  )

it('prints what joins, parts, pools and resizes', () => {
  expect(print(pyramid())).toBe(`model "test" (%x : 1x4x9x9) {
  %a = conv2d(%x) 4x4x3x3 padding 1 : 1x4x9x9
  %a.bn = batchNorm(%a) epsilon 0.00001 : 1x4x9x9
  %a.act = hardSwish(%a.bn) : 1x4x9x9
  %pool = maxPool(%a.act) kernel 3 stride 2 padding 1 : 1x4x5x5
  %half = slice(%pool) axis 1 from 2 to 4 : 1x2x5x5
  %up = upsample(%half) bilinear size 9 : 1x2x9x9
  %twice = upsample(%pool) nearest scale 2,1 : 1x4x10x5
  %corners = upsample(%twice) bilinear align corners size 9 : 1x4x9x9
  %joined = concat(%a.act, %up, %corners) axis 1 : 1x10x9x9
  %b = conv2d(%joined) 4x10x3x3 padding 1 : 1x4x9x9
  %b.bn = batchNorm(%b) epsilon 0.00001 : 1x4x9x9
  %y = relu6(%b.bn) : 1x4x9x9
} -> {
  y = %y
}
`)
})

it('folds around them, and they stay', async () => {
  const folded = reparameterize(pyramid())
  expect(folded.nodes.map(({ op }) => op).join(' ')).toBe(
    'conv2d hardSwish maxPool slice upsample upsample upsample concat conv2d relu6',
  )
  const { maxAbsError } = await compareModels(pyramid(), folded, { backend: reference() })
  expect(maxAbsError).toBeLessThan(1e-5)
})

it('runs with quantised weights', async () => {
  const model = reparameterize(pyramid())
  const weights = Object.fromEntries(
    Object.entries(model.weights).map(([name, weight]) => [
      name,
      weight.shape.length === 4 ? quantizeWeight(weight as Tensor) : weight,
    ]),
  )
  const { maxAbsError } = await compareModels(model, { ...model, weights }, { backend: reference() })
  expect(maxAbsError).toBeGreaterThan(0)
  expect(maxAbsError).toBeLessThan(0.2)
})

it('is profiled: what is moved is written, functions are applied in place, and none multiplies', () => {
  const { layers } = profile(pyramid())
  const bytes = Object.fromEntries(layers.map(({ node, activationBytes }) => [node, activationBytes]))
  expect(bytes).toMatchObject({
    'a.act': 0,
    pool: 4 * 4 * 25,
    half: 4 * 2 * 25,
    up: 4 * 2 * 81,
    twice: 4 * 4 * 50,
    joined: 4 * 10 * 81,
    y: 0,
  })
  expect(layers.filter(({ macs }) => macs > 0).map(({ node }) => node)).toEqual(['a', 'b'])
})

it('takes the size that the input has', () => {
  const { nodes, weights } = pyramid()
  expect(() => print({ ...pyramid(), inputs: { x: spec([1, 4, 12, 12]) }, nodes, weights })).toThrow(
    /"joined" \(concat\): cannot join 1x4x12x12 and "up" 1x2x9x9 along axis 1; the other sizes must be the same/,
  )
})
