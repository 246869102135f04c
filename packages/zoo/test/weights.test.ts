import { type Checkpoint, holdsMobileOne, readCheckpoint, toSafetensors } from '@mobileone/checkpoint'
import {
  initialize,
  type Model,
  mobileone,
  reparameterize,
  type Tensor,
  tensor,
  variants,
} from '@mobileone/core'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { type ZooName, zooModelFromCheckpoint, zooNetwork } from '../src/index.ts'
import { torchvisionNamings } from '../src/naming/torchvision.ts'

/** The weights of `model` as another program would have saved them: no network beside them, a counter beside every normalisation. */
function saved(weights: Model['weights'], rename: (key: string) => string = (key) => key): Checkpoint {
  const model = { name: 'saved', inputs: {}, nodes: [], outputs: {} }
  const renamed = Object.entries(weights).map(([key, weight]) => [rename(key), weight] as const)
  const counters = renamed
    .filter(([key]) => key.endsWith('running_var'))
    .map(([key]) => [key.replace('running_var', 'num_batches_tracked'), tensor([1])] as const)
  const bytes = toSafetensors(
    { ...model, weights: Object.fromEntries([...renamed, ...counters]) },
    { graph: false },
  )
  const { metadata: _, ...rest } = readCheckpoint(bytes)
  return { ...rest, metadata: new Map() }
}

const filled = (name: ZooName, options: { classes?: number; inputChannels?: number } = {}): Model =>
  initialize(zooNetwork(name, { form: 'train', ...options }), { seed: 5, statistics: 'random' })
let repvgg: Model
beforeAll(() => {
  repvgg = filled('repvgg_a0', { classes: 9 })
})

/** Small ones, one of each way to name. */
const small: readonly ZooName[] = [
  'mobilenetv2_100',
  'mobilenetv3_small_100',
  'efficientnet_b0',
  'mnasnet_100',
]

describe('zooModelFromCheckpoint', () => {
  it('reads classes, channels and statistics, under a prefix', () => {
    const model = filled('mobilenetv3_small_100', { classes: 7, inputChannels: 1 })
    const read = zooModelFromCheckpoint(
      saved(model.weights, (key) => `module.${key}`),
      { size: [96, 64] },
    )
    expect(read.name).toBe('mobilenetv3_small_100')
    expect(read.inputs.image?.shape).toEqual([1, 1, 96, 64])
    expectSameWeights(read, model)
    expect(read.nodes.filter(({ op }) => op === 'batchNorm')).toHaveLength(
      model.nodes.filter(({ op }) => op === 'batchNorm').length,
    )
  })

  it.each(small)('reads %s under the names of torchvision', (name) => {
    const model = filled(name)
    const naming = torchvisionNamings[name]
    const modules = naming?.modules()
    const rename = (key: string): string => {
      const dot = key.lastIndexOf('.')
      const module = modules?.get(key.slice(0, dot))
      expect(module, key).toBeDefined()
      return `${module}${key.slice(dot)}`
    }
    const weights = Object.fromEntries(
      Object.entries(model.weights).map(([key, weight]) => [
        key,
        // A linear layer there.
        key === 'conv_head.weight' && name.startsWith('mobilenetv3')
          ? tensor(weight.shape.slice(0, 2), (weight as Tensor).data)
          : weight,
      ]),
    )
    const read = zooModelFromCheckpoint(saved(weights, rename))
    expect(read.name).toBe(name)
    expectSameWeights(read, model)
    const norm = read.nodes.find(({ op }) => op === 'batchNorm')
    expect(norm).toMatchObject({ epsilon: naming?.epsilon ?? 1e-5 })
    expect(read.card?.preprocess?.interpolation).toBe(name === 'efficientnet_b0' ? 'bicubic' : 'bilinear')
  })

  it('names modules as torchvision does', () => {
    const ends = (name: ZooName, ...keys: readonly string[]): (string | undefined)[] => {
      const modules = torchvisionNamings[name]?.modules()
      return keys.map((key) => modules?.get(key))
    }
    expect(
      ends('mobilenetv2_100', 'blocks.0.0.conv_pw', 'blocks.1.0.bn1', 'blocks.1.0.conv_pwl', 'bn2'),
    ).toEqual(['features.1.conv.1', 'features.2.conv.0.1', 'features.2.conv.2', 'features.18.1'])
    expect(
      ends(
        'mobilenetv3_large_100',
        'blocks.0.0.conv_dw',
        'blocks.2.0.se.conv_reduce',
        'blocks.2.0.bn3',
        'blocks.6.0.conv',
      ),
    ).toEqual(['features.1.block.0.0', 'features.4.block.2.fc1', 'features.4.block.3.1', 'features.16.0'])
    expect(ends('efficientnet_b0', 'blocks.0.0.conv_pw', 'blocks.5.3.se.conv_expand', 'conv_head')).toEqual([
      'features.1.0.block.2.0',
      'features.6.3.block.2.fc2',
      'features.8.0',
    ])
    expect(
      ends('mnasnet_100', 'blocks.0.0.bn2', 'blocks.1.0.conv_dw', 'blocks.6.0.bn3', 'conv_head'),
    ).toEqual(['layers.7', 'layers.8.0.layers.3', 'layers.13.0.layers.7', 'layers.14'])
  })

  it('reads a folded RepVGG, and leaves MobileOnes alone', () => {
    const model = reparameterize(repvgg)
    const checkpoint = saved(model.weights)
    expect(holdsMobileOne(checkpoint)).toBe(false)
    const read = zooModelFromCheckpoint(checkpoint)
    expect([read.name, read.nodes.length]).toEqual(['repvgg_a0', model.nodes.length])
    const s0 = initialize(mobileone(variants.s0, { form: 'deploy' }), { seed: 1 })
    expect(holdsMobileOne(saved(s0.weights))).toBe(true)
    expect(() => zooModelFromCheckpoint(saved(s0.weights))).toThrow(
      /not weights of a MobileOne, nor of mobilenetv1_100/,
    )
  })

  it.each([
    {
      form: 'trained',
      formed: (model: Model) => model,
      some: [
        'stage0.rbr_dense.conv.weight',
        'stage1.1.rbr_identity.running_var',
        'stage4.0.rbr_1x1.bn.weight',
      ],
    },
    {
      form: 'converted',
      formed: (model: Model) => reparameterize(model),
      some: ['stage0.rbr_reparam.weight', 'stage4.0.rbr_reparam.bias'],
    },
  ])('reads a $form RepVGG under the names of its authors', ({ formed, some }) => {
    const model = formed(repvgg)
    const theirs = (key: string): string =>
      key
        .replace(/^stem\./, 'stage0.')
        .replace(/^stages\.(\d)\./, (_, stage) => `stage${Number(stage) + 1}.`)
        .replace('.conv_kxk.', '.rbr_dense.')
        .replace('.conv_1x1.', '.rbr_1x1.')
        .replace('.identity.', '.rbr_identity.')
        .replace('.reparam_conv.', '.rbr_reparam.')
        .replace('head.fc.', 'linear.')
    const checkpoint = saved(model.weights, (key) => `module.${theirs(key)}`)
    const keys = [...checkpoint.tensors.keys()]
    for (const key of [...some, 'linear.bias']) expect(keys).toContain(`module.${key}`)
    expect(holdsMobileOne(checkpoint)).toBe(false)
    const read = zooModelFromCheckpoint(checkpoint)
    expect([read.name, read.nodes.length]).toEqual(['repvgg_a0', model.nodes.length])
    expectSameWeights(read, model)
    const lost = new Map([...checkpoint.tensors].filter(([key]) => !key.endsWith(some[1] ?? '')))
    expect(() => zooModelFromCheckpoint({ ...checkpoint, tensors: lost })).toThrow(
      `(RepVGG names) do not fit the network their shapes suggest, "repvgg_a0":\n  1 missing: module.${some[1]}`,
    )
  })

  it('says what is assumed of TinyNets, and takes the one that is asked for', () => {
    const { weights } = filled('tinynet_e')
    const heard = vi.fn()
    expect(zooModelFromCheckpoint(saved(weights), { onWarning: heard }).name).toBe('tinynet_e_silu')
    expect(heard).toHaveBeenCalledWith(
      expect.stringMatching(/"tinynet_e_silu" and, by names and shapes, "tinynet_e"/),
    )
    const asked = zooModelFromCheckpoint(saved(weights), { network: 'tinynet_e' })
    expect(asked.nodes.some(({ op }) => op === 'silu')).toBe(false)
  })

  it('names what is missing, extra and of another shape', () => {
    const { weights } = filled('mobilenetv3_small_100')
    const { 'blocks.1.0.bn1.bias': gone, ...rest } = weights
    expect(gone).toBeDefined()
    const wrong = { ...rest, 'blocks.1.0.conv_dw.weight': tensor([72, 1, 5, 5]), 'aux.weight': tensor([1]) }
    expect(() => zooModelFromCheckpoint(saved(wrong))).toThrow(
      [
        'the weights (usual names) do not fit the network their shapes suggest, "mobilenetv3_small_100":',
        '  1 missing: blocks.1.0.bn1.bias',
        '  1 of another shape: blocks.1.0.conv_dw.weight (72x1x5x5, expected 72x1x3x3)',
        '  1 not part of the network: aux.weight',
      ].join('\n'),
    )
    expect(() => zooModelFromCheckpoint(saved(weights), { network: 'resnet18' })).toThrow(
      /missing: conv1\.weight, /,
    )
    expect(() => zooModelFromCheckpoint(saved(weights), { network: 'resnet' })).toThrow(
      /the zoo has no network "resnet"/,
    )
    expect(() => zooModelFromCheckpoint(saved(weights), { strides: { stem: 2 } })).toThrow(/have their own/)
  })

  it('shows features, without a classifier too', () => {
    const { weights } = filled('mobilenetv3_small_100')
    const backbone = Object.fromEntries(
      Object.entries(weights).filter(([key]) => !key.startsWith('classifier')),
    )
    const read = zooModelFromCheckpoint(saved(backbone), { outputs: ['embedding', 'blocks.4.2.add'] })
    expect(read.outputs).toEqual({ embedding: 'flatten', 'blocks.4.2.add': 'blocks.4.2.add' })
    expect(() => zooModelFromCheckpoint(saved(backbone))).toThrow(
      /2 missing: classifier\.weight, classifier\.bias/,
    )
  })
})

function expectSameWeights(read: Model, model: Model): void {
  expect(Object.keys(read.weights).sort()).toEqual(Object.keys(model.weights).sort())
  const bytes = ({ data }: Tensor): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  for (const [key, weight] of Object.entries(model.weights)) {
    const found = read.weights[key] as Tensor
    expect(found.shape, key).toEqual(weight.shape)
    expect(bytes(found).equals(bytes(weight as Tensor)), key).toBe(true)
  }
}
