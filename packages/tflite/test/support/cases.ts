import { type Model, withBatch } from '@mobileone/core'
import { convolution, deploy, network } from './models.ts'

const map = [1, 6, 9, 7]

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
  'a MobileOne with squeeze-and-excite': deploy,
  'a batch of two': withBatch(deploy, 2),
}
