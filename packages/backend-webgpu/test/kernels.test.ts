import { type Model, type Node, unaryOps } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { webgpu } from '../src/index.ts'
import { fakeDevice } from './fake-device.ts'
import { conv, model } from './models.ts'

const relu = (input: string): Node => ({ op: 'relu', name: 'relu', inputs: [input] })
const flat: Node = { op: 'flatten', name: 'flat', inputs: ['x'] }

const single = model([1, 26, 5, 5], [conv('c', 'x'), relu('c')], {
  'c.weight': [12, 26, 1, 1],
  'c.bias': [12],
})

/** One model a kernel: file of its text, and which of the model's modules it is. */
const kernels: Readonly<Record<string, readonly [model: Model, label: string]>> = {
  'conv-planar': [
    model([1, 3, 9, 9], [conv('c', 'x', { stride: [2, 2], padding: [1, 1] }), relu('c')], {
      'c.weight': [8, 3, 3, 3],
      'c.bias': [8],
    }),
    'conv 3x3 from NCHW',
  ],
  conv: [
    model([2, 8, 5, 6], [conv('c', 'x', { padding: [1, 1], dilation: [2, 1] })], {
      'c.weight': [6, 8, 3, 3],
      'c.bias': [6],
    }),
    'conv 3x3, ',
  ],
  'conv-groups-of-4': [
    model([1, 8, 5, 5], [conv('c', 'x', { groups: 2 })], { 'c.weight': [8, 4, 3, 3], 'c.bias': [8] }),
    'conv 3x3, ',
  ],
  'conv-grouped': [
    model([1, 6, 5, 5], [conv('c', 'x', { padding: [1, 1], groups: 3 })], {
      'c.weight': [6, 2, 3, 3],
      'c.bias': [6],
    }),
    'conv 3x3, 3 groups',
  ],
  depthwise: [
    model([1, 8, 7, 7], [conv('c', 'x', { padding: [1, 1], groups: 8 }), relu('c')], {
      'c.weight': [8, 1, 3, 3],
      'c.bias': [8],
    }),
    'depthwise',
  ],
  product: [
    model([2, 52], [{ op: 'linear', name: 'y', inputs: ['x'], weight: 'w', bias: 'b' }], {
      w: [10, 52],
      b: [10],
    }),
    'product',
  ],
  'product-1x1': [single, 'product'],
  'scale-shift': [
    model(
      [1, 5, 3, 3],
      [
        {
          op: 'batchNorm',
          name: 'y',
          inputs: ['x'],
          weight: 'w',
          bias: 'b',
          runningMean: 'm',
          runningVar: 'v',
          epsilon: 1e-5,
        },
      ],
      { w: [5], b: [5], m: [5], v: [5] },
    ),
    'scale and shift',
  ],
  mean: [model([2, 6, 5, 5], [{ op: 'globalAvgPool', name: 'y', inputs: ['x'] }]), 'mean'],
  add: [model([1, 4, 3, 3], [{ op: 'add', name: 'y', inputs: ['x', 'x'] }]), 'add'],
  gate: [
    model(
      [1, 4, 3, 3],
      [
        { op: 'globalAvgPool', name: 'p', inputs: ['x'] },
        { op: 'mul', name: 'y', inputs: ['x', 'p'] },
      ],
    ),
    'gate',
  ],
  affine: [
    model([1, 6, 2, 2], [{ op: 'affine', name: 'y', inputs: ['x'], scale: 0.1, offset: -2 }]),
    'affine',
  ],
  maximum: [
    model(
      [1, 4, 3, 3],
      [
        { op: 'maximum', name: 'm', inputs: ['x', 'x'] },
        { op: 'relu6', name: 'y', inputs: ['m'] },
      ],
    ),
    'maximum',
  ],
  'add-channel': [
    model(
      [2, 6, 3, 3],
      [
        { op: 'globalAvgPool', name: 'p', inputs: ['x'] },
        { op: 'add', name: 'y', inputs: ['x', 'p'] },
      ],
    ),
    'add by channel',
  ],
  'mul-item': [
    model(
      [2, 6, 3, 3],
      [
        { op: 'globalAvgPool', name: 'p', inputs: ['x'] },
        { op: 'slice', name: 'one', inputs: ['p'], axis: 1, start: 0, end: 1 },
        { op: 'mul', name: 'y', inputs: ['x', 'one'] },
      ],
    ),
    'mul by item',
  ],
  ...Object.fromEntries(
    unaryOps.map((op) => [op, [model([1, 6], [{ op, name: 'y', inputs: ['x'] }]), op] as const]),
  ),
  'max-pool': [
    model(
      [2, 6, 7, 5],
      [
        { op: 'maxPool', name: 'p', inputs: ['x'], kernel: [3, 2], stride: [2, 1], padding: [1, 0] },
        { op: 'relu6', name: 'y', inputs: ['p'] },
      ],
    ),
    'max',
  ],
  nearest: [
    model([1, 4, 3, 4], [{ op: 'upsample', name: 'y', inputs: ['x'], mode: 'nearest', scale: [2, 3] }]),
    'nearest',
  ],
  bilinear: [
    model(
      [2, 6, 3, 4],
      [
        { op: 'upsample', name: 'u', inputs: ['x'], mode: 'bilinear', size: [7, 8] },
        { op: 'hardSwish', name: 'y', inputs: ['u'] },
      ],
    ),
    'bilinear',
  ],
  'bilinear-corners': [
    model(
      [1, 4, 3, 4],
      [{ op: 'upsample', name: 'y', inputs: ['x'], mode: 'bilinear', alignCorners: true, size: [7, 8] }],
    ),
    'bilinear',
  ],
  move: [
    model([1, 12, 3, 4], [{ op: 'slice', name: 'y', inputs: ['x'], axis: 1, start: 4, end: 10 }]),
    'move',
  ],
  'move-rows': [
    model([2, 6, 5, 4], [{ op: 'slice', name: 'y', inputs: ['x'], axis: 2, start: 1, end: 3 }]),
    'move',
  ],
  'move-lanes': [
    model(
      [1, 6, 3, 4],
      [
        { op: 'slice', name: 's', inputs: ['x'], axis: 1, start: 3, end: 6 },
        { op: 'concat', name: 'y', inputs: ['s', 'x'], axis: 1 },
      ],
    ),
    'move lanes',
  ],
  softmax: [model([2, 10], [{ op: 'softmax', name: 'y', inputs: ['x'] }]), 'softmax'],
  flatten: [model([1, 3, 2, 2], [relu('x'), { ...flat, inputs: ['relu'] } as Node]), 'flatten'],
  'from-nchw': [model([1, 6, 2, 2], [relu('x')]), 'from NCHW'],
  'to-nchw': [model([1, 6, 2, 2], [relu('x')]), 'to NCHW'],
}

describe('the text of every kernel, on a device that computes nothing', () => {
  test.each(Object.entries(kernels))('%s', async (name, [given, label]) => {
    const fake = fakeDevice()
    await webgpu({ device: fake.device }).compile(given)
    const module = fake.modules.find((each) => each.label.startsWith(label))
    await expect(module?.code).toMatchFileSnapshot(`wgsl/${name}.wgsl`)
  })

  test('a product with float16 storage: sums stay float32', async () => {
    const fake = fakeDevice({ features: ['shader-f16'] })
    await webgpu({ device: fake.device, precision: 'f16-storage' }).compile(single)
    const module = fake.modules.find(({ label }) => label.startsWith('product'))
    await expect(module?.code).toMatchFileSnapshot('wgsl/product-f16.wgsl')
  })

  test('the 1x1 convolution of a software adapter, without barriers', async () => {
    const fake = fakeDevice({ adapter: 'swiftshader' })
    await webgpu({ device: fake.device }).compile(single)
    const module = fake.modules.find(({ label }) => label.startsWith('pointwise'))
    await expect(module?.code).toMatchFileSnapshot('wgsl/pointwise.wgsl')
  })

  test('the mean of a software adapter, without barriers', async () => {
    const fake = fakeDevice({ adapter: 'swiftshader' })
    await webgpu({ device: fake.device }).compile(kernels.mean![0])
    const module = fake.modules.find(({ label }) => label.startsWith('mean'))
    await expect(module?.code).toMatchFileSnapshot('wgsl/mean-alone.wgsl')
  })

  test('a dispatch of two dimensions', async () => {
    const fake = fakeDevice()
    const given = model([1, 24, 1024, 1025], [conv('c', 'x')], { 'c.weight': [20, 24, 1, 1], 'c.bias': [20] })
    await webgpu({ device: fake.device }).compile(given)
    const module = fake.modules.find(({ label }) => label.startsWith('product'))
    await expect(module?.code).toMatchFileSnapshot('wgsl/product-two-dimensions.wgsl')
  })
})
