import { convNode } from '@mobileone/conformance'
import { type Model, type Node, type Upsample, withBatch } from '@mobileone/core'
import { convolution, deploy, network } from './models.ts'

const map = [1, 6, 9, 7]

type Size = readonly [number, number]

/** The image, 2 x 6 x 9 x 7, through each node by itself, whose output has its name. */
function shown(nodes: Readonly<Record<string, Node>>): Model {
  const named = Object.entries(nodes).map(([name, node]) => ({ ...node, name }) as Node)
  const outputs = Object.fromEntries(named.map(({ name }) => [name, name]))
  return { ...network([2, 6, 9, 7], named), outputs }
}

const pool = (kernel: Size, stride: Size, padding: Size): Node => ({
  op: 'maxPool',
  name: '',
  inputs: ['image'],
  kernel,
  stride,
  padding,
})
const upsample = (how: Pick<Upsample, 'mode' | 'alignCorners' | 'scale' | 'size'>): Node => ({
  op: 'upsample',
  name: '',
  inputs: ['image'],
  ...how,
})

/** Models that together use every operator that is written, at odd sizes. */
export const cases: Readonly<Record<string, Model>> = {
  'a dense convolution': convolution(map, [5, 6, 3, 3], { padding: [1, 1] }),
  'no padding, an even kernel': convolution(map, [5, 6, 2, 4]),
  'padding that is not SAME': convolution(map, [5, 6, 3, 3], { padding: [2, 0] }),
  'a stride': convolution(map, [5, 6, 3, 3], { padding: [1, 1], stride: [2, 2] }),
  'a stride without padding': convolution(map, [5, 6, 1, 1], { stride: [2, 1] }),
  'a dilation that keeps the size': convolution(map, [5, 6, 3, 3], { padding: [2, 2], dilation: [2, 2] }),
  'a dilation that does not': convolution(map, [5, 6, 3, 3], { padding: [1, 1], dilation: [2, 1] }),
  'a depthwise convolution': convolution(map, [6, 1, 3, 3], { padding: [1, 1], groups: 6 }),
  'a depthwise convolution with two filters a channel': convolution(map, [12, 1, 3, 3], {
    padding: [1, 1],
    stride: [2, 2],
    groups: 6,
  }),
  'a dilated depthwise convolution': convolution(map, [6, 1, 3, 3], {
    padding: [2, 2],
    dilation: [2, 2],
    groups: 6,
  }),
  'a convolution of three groups': convolution(map, [9, 2, 3, 3], {
    padding: [1, 1],
    stride: [2, 1],
    groups: 3,
  }),
  'relu, add and mul': network(map, [
    { op: 'relu', name: 'r', inputs: ['image'] },
    { op: 'add', name: 's', inputs: ['r', 'image'] },
    { op: 'relu', name: 't', inputs: ['s'] },
    { op: 'mul', name: 'm', inputs: ['t', 'image'] },
  ]),
  'silu, and a gate per channel': network(map, [
    { op: 'silu', name: 'a', inputs: ['image'] },
    { op: 'globalAvgPool', name: 'p', inputs: ['a'] },
    { op: 'sigmoid', name: 'g', inputs: ['p'] },
    { op: 'mul', name: 'm', inputs: ['a', 'g'] },
  ]),
  'gelu, and flattened maps': network(map, [
    { op: 'gelu', name: 'g', inputs: ['image'] },
    { op: 'flatten', name: 'f', inputs: ['g'] },
  ]),
  'a flattened batch of one channel, and one of matrices': {
    ...network([3, 1, 4, 5], [{ op: 'flatten', name: 'f', inputs: ['image'] }]),
    inputs: {
      image: { dtype: 'float32', shape: [3, 1, 4, 5] },
      rows: { dtype: 'float32', shape: [2, 4, 5] },
    },
    nodes: [
      { op: 'flatten', name: 'f', inputs: ['image'] },
      { op: 'flatten', name: 'g', inputs: ['rows'] },
    ],
    outputs: { maps: 'f', matrices: 'g' },
  },
  'a head of two layers and a softmax': network(
    map,
    [
      { op: 'globalAvgPool', name: 'p', inputs: ['image'] },
      { op: 'flatten', name: 'f', inputs: ['p'] },
      { op: 'linear', name: 'a', inputs: ['f'], weight: 'a.weight', bias: 'a.bias' },
      { op: 'relu', name: 'r', inputs: ['a'] },
      { op: 'linear', name: 'b', inputs: ['r'], weight: 'b.weight' },
      { op: 'softmax', name: 'y', inputs: ['b'] },
    ],
    { 'a.weight': [8, 6], 'a.bias': [8], 'b.weight': [5, 8] },
  ),
  'outputs that show the same value, and an input': {
    ...network(map, [{ op: 'relu', name: 'r', inputs: ['image'] }]),
    outputs: { a: 'r', b: 'r', same: 'image' },
  },
  'relu6, alone and after a convolution, hardSigmoid and hardSwish': network(
    map,
    [
      convNode('c', 'image', { weight: 'w', bias: 'b' }),
      { op: 'relu6', name: 'r', inputs: ['c'] },
      { op: 'hardSigmoid', name: 's', inputs: ['r'] },
      { op: 'hardSwish', name: 'h', inputs: ['image'] },
      { op: 'mul', name: 'm', inputs: ['s', 'h'] },
      { op: 'relu6', name: 'y', inputs: ['m'] },
    ],
    { w: [6, 6, 1, 1], b: [6] },
  ),
  pools: shown({
    overlapping: pool([3, 3], [2, 2], [1, 1]),
    apart: pool([2, 3], [2, 3], [0, 0]),
    wide: pool([1, 4], [1, 1], [0, 2]),
    same: pool([3, 3], [1, 1], [1, 1]),
    odd: pool([2, 2], [2, 1], [1, 0]),
  }),
  sizes: shown({
    twice: upsample({ mode: 'nearest', scale: [2, 3] }),
    part: upsample({ mode: 'nearest', size: [13, 5] }),
    gathered: upsample({ mode: 'nearest', size: [55, 82] }),
    small: upsample({ mode: 'nearest', size: [3, 6] }),
    linear: upsample({ mode: 'bilinear', scale: [3, 2] }),
    less: upsample({ mode: 'bilinear', size: [4, 1] }),
    corners: upsample({ mode: 'bilinear', alignCorners: true, size: [20, 13] }),
    one: upsample({ mode: 'bilinear', alignCorners: true, size: [1, 1] }),
  }),
  'parts, joined': shown({
    channels: { op: 'slice', name: '', inputs: ['image'], axis: 1, start: 2, end: 5 },
    rows: { op: 'slice', name: '', inputs: ['image'], axis: 2, start: 3, end: 9 },
    shuffled: { op: 'channelShuffle', name: '', inputs: ['image'], groups: 3 },
    columns: { op: 'slice', name: '', inputs: ['image'], axis: 3, start: 0, end: 1 },
    'more channels': { op: 'concat', name: '', inputs: ['image', 'image', 'image'], axis: 1 },
    'more rows': { op: 'concat', name: '', inputs: ['image', 'image'], axis: 2 },
    'more columns': { op: 'concat', name: '', inputs: ['image', 'image'], axis: 3 },
  }),
  'scaled, shifted and the larger': network(map, [
    { op: 'affine', name: 'half', inputs: ['image'], scale: 0.5, offset: 0 },
    { op: 'affine', name: 'next', inputs: ['image'], scale: 1, offset: -0.25 },
    { op: 'affine', name: 'line', inputs: ['next'], scale: -2, offset: 3 },
    { op: 'maximum', name: 'larger', inputs: ['half', 'line'] },
    { op: 'globalAvgPool', name: 'pool', inputs: ['larger'] },
    { op: 'slice', name: 'one', inputs: ['pool'], axis: 1, start: 0, end: 1 },
    { op: 'mul', name: 'a', inputs: ['larger', 'one'] },
    { op: 'add', name: 'b', inputs: ['a', 'pool'] },
    { op: 'add', name: 'c', inputs: ['b', 'one'] },
    { op: 'relu', name: 'y', inputs: ['c'] },
  ]),
  'parts of matrices, joined': network(
    [3, 7],
    [
      { op: 'slice', name: 's', inputs: ['image'], axis: 1, start: 1, end: 4 },
      { op: 'concat', name: 'c', inputs: ['s', 'image', 's'], axis: 1 },
      { op: 'relu6', name: 'r', inputs: ['c'] },
    ],
  ),
  'a MobileOne with squeeze-and-excite': deploy,
  'a batch of two': withBatch(deploy, 2),
}
