import type { Node, Op } from '../src/index.ts'

/** A tensor as nested lists. In JSON, elements that are no finite numbers are strings: "NaN", "-Infinity". */
export type Nested = number | string | readonly Nested[]

/** A node but for its name. */
type Unnamed<N extends Node = Node> = N extends unknown ? Omit<N, 'name'> : never

/** One node over `inputs`; the fields of the node that name a weight name one of `weights`. */
export interface Literal {
  readonly name: string
  readonly node: Unnamed
  readonly inputs: Readonly<Record<string, Nested>>
  readonly weights?: Readonly<Record<string, Nested>>
  readonly output: Nested
}

const step = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 } as const
const nothing = Number.NaN
const endless = Number.POSITIVE_INFINITY

/** Worked out by hand, in numbers that float32 holds exactly but for those of a named formula. */
export const byHand = {
  conv2d: [
    {
      name: 'a difference of neighbours, stride 1 by 2',
      node: { ...step, op: 'conv2d', inputs: ['x'], weight: 'w', stride: [1, 2] },
      inputs: {
        x: [
          [
            [
              [1, 2, 4, 8, 16],
              [3, 9, 27, 81, 243],
            ],
          ],
        ],
      },
      weights: { w: [[[[-1, 1]]]] },
      output: [
        [
          [
            [1, 4],
            [6, 54],
          ],
        ],
      ],
    },
    {
      name: 'padding and dilation: only the centre of the kernel is over the pixel',
      node: {
        ...step,
        op: 'conv2d',
        inputs: ['x'],
        weight: 'w',
        bias: 'b',
        padding: [2, 3],
        dilation: [2, 3],
      },
      inputs: { x: [[[[10]]]] },
      weights: {
        w: [
          [
            [
              [1, 2, 3],
              [4, 5, 6],
              [7, 8, 9],
            ],
          ],
        ],
        b: [0.5],
      },
      output: [[[[50.5]]]],
    },
    {
      name: 'two groups: the second output channel sees the last two inputs',
      node: { ...step, op: 'conv2d', inputs: ['x'], weight: 'w', groups: 2 },
      inputs: { x: [[[[1]], [[10]], [[100]], [[1000]]]] },
      weights: {
        w: [
          [[[1]], [[2]]],
          [[[3]], [[4]]],
        ],
      },
      output: [[[[21]], [[4300]]]],
    },
  ],
  batchNorm: [
    {
      name: '(x - mean) / sqrt(variance + epsilon) * weight + bias, by channel',
      node: {
        op: 'batchNorm',
        inputs: ['x'],
        weight: 'w',
        bias: 'b',
        runningMean: 'm',
        runningVar: 'v',
        epsilon: 1,
      },
      inputs: { x: [[[[1, 5]], [[1, 5]]]] },
      weights: { w: [2, 10], b: [0.5, -1], m: [1, 5], v: [3, 15] },
      output: [[[[0.5, 4.5]], [[-11, -1]]]],
    },
    {
      name: 'of a matrix',
      node: {
        op: 'batchNorm',
        inputs: ['x'],
        weight: 'w',
        bias: 'b',
        runningMean: 'm',
        runningVar: 'v',
        epsilon: 0.25,
      },
      inputs: {
        x: [
          [1, 2],
          [3, 4],
        ],
      },
      weights: { w: [1, 2], b: [0, 1], m: [0, 3], v: [0, 3.75] },
      output: [
        [2, 0],
        [6, 2],
      ],
    },
  ],
  linear: [
    {
      name: 'a row of the weight for each output',
      node: { op: 'linear', inputs: ['x'], weight: 'w', bias: 'b' },
      inputs: {
        x: [
          [1, 10, 100],
          [0, 0, 1],
        ],
      },
      weights: {
        w: [
          [1, 2, 3],
          [4, 5, 6],
        ],
        b: [0, 1000],
      },
      output: [
        [321, 1654],
        [3, 1006],
      ],
    },
  ],
  relu: [
    {
      name: 'NaN stays',
      node: { op: 'relu', inputs: ['x'] },
      inputs: { x: [[-2, 0, 3, endless, -endless, nothing]] },
      output: [[0, 0, 3, endless, 0, nothing]],
    },
  ],
  relu6: [
    {
      name: 'between 0 and 6; NaN stays',
      node: { op: 'relu6', inputs: ['x'] },
      inputs: { x: [[-2, 0, 3, 6, 7, endless, -endless, nothing]] },
      output: [[0, 0, 3, 6, 6, 6, 0, nothing]],
    },
  ],
  hardSigmoid: [
    {
      name: 'a ramp from -3 to 3; NaN stays',
      node: { op: 'hardSigmoid', inputs: ['x'] },
      inputs: { x: [[-4, -3, -1.5, 0, 1.5, 3, 4, endless, -endless, nothing]] },
      output: [[0, 0, 0.25, 0.5, 0.75, 1, 1, 1, 0, nothing]],
    },
  ],
  hardSwish: [
    {
      name: 'x times the ramp; NaN at minus infinity',
      node: { op: 'hardSwish', inputs: ['x'] },
      inputs: { x: [[-4, -3, -1.5, 0, 1.5, 3, 4, endless, -endless, nothing]] },
      output: [[0, 0, -0.375, 0, 1.125, 3, 4, endless, nothing, nothing]],
    },
  ],
  sigmoid: [
    {
      name: '1 / (1 + exp(-x))',
      node: { op: 'sigmoid', inputs: ['x'] },
      inputs: { x: [[0, Math.fround(Math.log(3)), Math.fround(-Math.log(3)), endless, -endless, nothing]] },
      output: [[0.5, 0.75, 0.25, 1, 0, nothing]],
    },
  ],
  silu: [
    {
      name: 'x * sigmoid(x); NaN at minus infinity',
      node: { op: 'silu', inputs: ['x'] },
      inputs: { x: [[0, Math.fround(Math.log(3)), 100, -1000, endless, -endless, nothing]] },
      output: [[0, 0.75 * Math.log(3), 100, 0, endless, nothing, nothing]],
    },
  ],
  gelu: [
    {
      name: 'x times the normal distribution function, from its table',
      node: { op: 'gelu', inputs: ['x'] },
      inputs: { x: [[0, 1, -1, 2, -2, 40, -40, endless, nothing]] },
      output: [
        [0, 0.8413447461, -0.1586552539, 2 * 0.9772498681, -2 * 0.0227501319, 40, 0, endless, nothing],
      ],
    },
  ],
  add: [
    {
      name: 'elementwise',
      node: { op: 'add', inputs: ['a', 'b'] },
      inputs: { a: [[[[1, 2]]]], b: [[[[10, -2]]]] },
      output: [[[[11, 0]]]],
    },
  ],
  mul: [
    {
      name: 'elementwise',
      node: { op: 'mul', inputs: ['a', 'b'] },
      inputs: { a: [[1, 2, 3]], b: [[4, 0.5, -1]] },
      output: [[4, 1, -3]],
    },
    {
      name: 'by [N, C, 1, 1]',
      node: { op: 'mul', inputs: ['a', 'b'] },
      inputs: {
        a: [
          [[[1, 2]], [[3, 4]]],
          [[[5, 6]], [[7, 8]]],
        ],
        b: [
          [[[1]], [[10]]],
          [[[100]], [[1000]]],
        ],
      },
      output: [
        [[[1, 2]], [[30, 40]]],
        [[[500, 600]], [[7000, 8000]]],
      ],
    },
  ],
  globalAvgPool: [
    {
      name: 'the mean of a plane',
      node: { op: 'globalAvgPool', inputs: ['x'] },
      inputs: {
        x: [
          [
            [
              [1, 2],
              [3, 6],
            ],
            [
              [-1, -1],
              [-1, -2],
            ],
          ],
        ],
      },
      output: [[[[3]], [[-1.25]]]],
    },
  ],
  maxPool: [
    {
      name: 'padding never wins, and what no window covers is left out',
      node: { op: 'maxPool', inputs: ['x'], kernel: [2, 3], stride: [2, 2], padding: [0, 1] },
      inputs: {
        x: [
          [
            [
              [-1, -2, -3, -9],
              [-4, -5, -6, -7],
              [9, 9, 9, 9],
            ],
          ],
        ],
      },
      output: [[[[-1, -2]]]],
    },
  ],
  upsample: [
    {
      name: 'nearest: every pixel 2 by 3 times',
      node: { op: 'upsample', inputs: ['x'], mode: 'nearest', scale: [2, 3] },
      inputs: { x: [[[[1, 2]], [[3, 4]]]] },
      output: [
        [
          [
            [1, 1, 1, 2, 2, 2],
            [1, 1, 1, 2, 2, 2],
          ],
          [
            [3, 3, 3, 4, 4, 4],
            [3, 3, 3, 4, 4, 4],
          ],
        ],
      ],
    },
    {
      name: 'bilinear: a quarter and three quarters between pixels, the edges as they are',
      node: { op: 'upsample', inputs: ['x'], mode: 'bilinear', scale: [1, 2] },
      inputs: { x: [[[[0, 4, 8]]]] },
      output: [[[[0, 1, 3, 5, 7, 8]]]],
    },
    {
      name: 'bilinear with aligned corners: even steps from corner to corner',
      node: { op: 'upsample', inputs: ['x'], mode: 'bilinear', alignCorners: true, size: [3, 5] },
      inputs: {
        x: [
          [
            [
              [0, 4],
              [8, 12],
            ],
          ],
        ],
      },
      output: [
        [
          [
            [0, 1, 2, 3, 4],
            [4, 5, 6, 7, 8],
            [8, 9, 10, 11, 12],
          ],
        ],
      ],
    },
    {
      name: 'bilinear: NaN and infinity stay where no pixel is mixed',
      node: { op: 'upsample', inputs: ['x'], mode: 'bilinear', size: [1, 3] },
      inputs: { x: [[[[nothing, endless, 1]]]] },
      output: [[[[nothing, endless, 1]]]],
    },
  ],
  concat: [
    {
      name: 'channels of three values',
      node: { op: 'concat', inputs: ['a', 'b', 'a'], axis: 1 },
      inputs: { a: [[[[1, 2]]], [[[5, 6]]]], b: [[[[3, 4]]], [[[7, nothing]]]] },
      output: [
        [[[1, 2]], [[3, 4]], [[1, 2]]],
        [[[5, 6]], [[7, nothing]], [[5, 6]]],
      ],
    },
  ],
  slice: [
    {
      name: 'the middle column',
      node: { op: 'slice', inputs: ['x'], axis: 3, start: 1, end: 2 },
      inputs: {
        x: [
          [
            [
              [1, 2, 3],
              [4, nothing, 6],
            ],
          ],
        ],
      },
      output: [[[[2], [nothing]]]],
    },
  ],
  affine: [
    {
      name: 'minus twice the value, plus one',
      node: { op: 'affine', inputs: ['x'], scale: -2, offset: 1 },
      inputs: { x: [[0, 0.5, -3, endless, nothing]] },
      output: [[1, 0, 7, -endless, nothing]],
    },
  ],
  maximum: [
    {
      name: 'element by element, NaN where either is',
      node: { op: 'maximum', inputs: ['a', 'b'] },
      inputs: { a: [[1, -2, nothing, 4, -endless]], b: [[0.5, 3, 5, nothing, -endless]] },
      output: [[1, 3, nothing, nothing, -endless]],
    },
  ],
  channelShuffle: [
    {
      name: 'three groups of two',
      node: { op: 'channelShuffle', inputs: ['x'], groups: 3 },
      inputs: { x: [[[[1, 2]], [[3, 4]], [[5, nothing]], [[7, 8]], [[9, 10]], [[11, 12]]]] },
      output: [[[[1, 2]], [[5, nothing]], [[9, 10]], [[3, 4]], [[7, 8]], [[11, 12]]]],
    },
  ],
  flatten: [
    {
      name: 'channels, then rows, then columns',
      node: { op: 'flatten', inputs: ['x'] },
      inputs: {
        x: [
          [
            [
              [1, 2],
              [3, 4],
            ],
            [
              [5, 6],
              [7, nothing],
            ],
          ],
        ],
      },
      output: [[1, 2, 3, 4, 5, 6, 7, nothing]],
    },
  ],
  softmax: [
    {
      name: 'of logarithms, and of the same beside 1e4',
      node: { op: 'softmax', inputs: ['x'] },
      inputs: {
        x: [
          [0, Math.fround(Math.log(3)), -endless],
          [1e4, 1e4, -1e4],
        ],
      },
      output: [
        [0.25, 0.75, 0],
        [0.5, 0.5, 0],
      ],
    },
  ],
  layerNorm: [
    {
      name: 'a row of one step around its mean, one that does not vary, and one of NaN',
      node: { op: 'layerNorm', inputs: ['x'], weight: 'w', bias: 'b', epsilon: 3 },
      inputs: {
        x: [
          [
            [4, 6],
            [7, 7],
            [nothing, 1],
          ],
        ],
      },
      weights: { w: [2, 4], b: [1, 0.5] },
      output: [
        [
          [0, 2.5],
          [1, 0.5],
          [nothing, nothing],
        ],
      ],
    },
  ],
  matmul: [
    {
      name: 'a row by two columns for each of two items',
      node: { op: 'matmul', inputs: ['a', 'b'] },
      inputs: {
        a: [[[1, 10]], [[1, 2]]],
        b: [
          [
            [1, 2],
            [3, 4],
          ],
          [
            [5, endless],
            [6, 7],
          ],
        ],
      },
      output: [[[31, 42]], [[17, endless]]],
    },
    {
      name: 'the second transposed, halved',
      node: { op: 'matmul', inputs: ['a', 'b'], transposeB: true, scale: 0.5 },
      inputs: {
        a: [[[[1, 10]], [[2, 0]]]],
        b: [
          [
            [
              [1, 2],
              [3, 4],
              [0, 1],
            ],
            [
              [1, 2],
              [3, 4],
              [0, 1],
            ],
          ],
        ],
      },
      output: [[[[10.5, 21.5, 5]], [[1, 3, 0]]]],
    },
  ],
  reshape: [
    {
      name: 'rows to items of two rows',
      node: { op: 'reshape', inputs: ['x'], shape: [-1, 2, 1] },
      inputs: { x: [[1, 2, 3, nothing]] },
      output: [
        [[1], [2]],
        [[3], [nothing]],
      ],
    },
  ],
  transpose: [
    {
      name: 'columns before rows',
      node: { op: 'transpose', inputs: ['x'], permutation: [0, 2, 1] },
      inputs: {
        x: [
          [
            [1, 2, 3],
            [4, nothing, 6],
          ],
        ],
      },
      output: [
        [
          [1, 4],
          [2, nothing],
          [3, 6],
        ],
      ],
    },
  ],
  parameter: [
    {
      name: 'the same row for two items, whatever they hold',
      node: { op: 'parameter', inputs: ['x'], weight: 'w' },
      inputs: { x: [[nothing], [1]] },
      weights: { w: [[[1, 2]]] },
      output: [[[1, 2]], [[1, 2]]],
    },
  ],
} satisfies Readonly<Record<Op, readonly Literal[]>>
