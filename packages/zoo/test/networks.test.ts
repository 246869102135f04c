import { profile } from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import { isZooName, type ZooName, zoo, zooNames, zooNetwork } from '../src/index.ts'
import { expectExactFolding, expectSameInBatch } from './network-checks.ts'

const keys = (name: ZooName, start: string): string[] =>
  Object.keys(zooNetwork(name, { form: 'train' }).weights)
    .filter((key) => key.startsWith(start) && !/bn|running|\.bias/.test(key))
    .map((key) => key.slice(start.length))

describe('networks of the zoo', () => {
  it.each(['mobilenetv3_small_100', 'repvgg_a0', 'tinynet_e_silu'] as const)(
    '%s folds into its deploy form and keeps its logits',
    expectExactFolding,
  )

  it('resizes maps of odd sides for MobileViT, counted as at the size of the paper', () => {
    const counted = (['mobilevit_xxs', 'mobilevit_xs', 'mobilevit_s'] as const).map((name) => {
      const { macs } = profile(zooNetwork(name, { form: 'deploy', size: [224, 224] }))
      return Math.round(macs / 1e5) / 10
    })
    expect(counted).toEqual([255.4, 703.2, 1416.8])
  })

  it('pit_ti_224 gives each picture of a batch what it gives it alone', () => expectSameInBatch('pit_ti_224'))

  it('names weights as timm and torchvision do', () => {
    expect(keys('mobilenetv3_small_100', 'blocks.2.0.')).toEqual([
      'conv_pw.weight',
      'conv_dw.weight',
      'se.conv_reduce.weight',
      'se.conv_expand.weight',
      'conv_pwl.weight',
    ])
    expect(keys('mixnet_s', 'blocks.4.0.')).toEqual([
      'conv_pw.0.weight',
      'conv_pw.1.weight',
      'conv_dw.0.weight',
      'conv_dw.1.weight',
      'conv_dw.2.weight',
      'se.conv_reduce.weight',
      'se.conv_expand.weight',
      'conv_pwl.0.weight',
      'conv_pwl.1.weight',
    ])
    expect(keys('resnet50', 'layer2.0.')).toEqual([
      'conv1.weight',
      'conv2.weight',
      'conv3.weight',
      'downsample.0.weight',
      'downsample.1.weight',
    ])
    expect(keys('repvgg_a0', 'stages.0.1.')).toEqual([
      'identity.weight',
      'conv_1x1.conv.weight',
      'conv_kxk.conv.weight',
    ])
    expect(keys('ghostnet_100', 'blocks.2.0.')).toEqual([
      'ghost1.primary_conv.0.weight',
      'ghost1.primary_conv.1.weight',
      'ghost1.cheap_operation.0.weight',
      'ghost1.cheap_operation.1.weight',
      'ghost2.primary_conv.0.weight',
      'ghost2.primary_conv.1.weight',
      'ghost2.cheap_operation.0.weight',
      'ghost2.cheap_operation.1.weight',
    ])
  })

  it('are built for other classes, channels and sizes, and say how pictures are prepared', () => {
    const { inputs, weights, card } = zooNetwork('tinynet_d', {
      form: 'deploy',
      size: [304, 304],
      classes: 7,
    })
    expect(inputs.image?.shape).toEqual([1, 3, 304, 304])
    expect(weights['classifier.weight']?.shape).toEqual([7, 1280])
    expect(card?.preprocess).toMatchObject({ size: [304, 304], resize: 346, interpolation: 'bicubic' })
    const grey = zooNetwork('resnet18', { form: 'train', inputChannels: 1, epsilon: 1e-3 })
    expect(grey.weights['conv1.weight']?.shape).toEqual([64, 1, 7, 7])
    expect(grey.card).toBeUndefined()
    expect(grey.nodes.find(({ op }) => op === 'batchNorm')).toMatchObject({ epsilon: 1e-3 })
    expect(zoo.mobilenetv1_100.preprocess.mean).toEqual([0.5, 0.5, 0.5])
  })

  it('have names of their own', () => {
    expect(isZooName('resnet18')).toBe(true)
    expect(isZooName('toString')).toBe(false)
    expect(() => zooNetwork('resnet19' as ZooName, { form: 'train' })).toThrow(
      /the zoo has no network "resnet19"; it has mobilenetv1_100, /,
    )
    expect(new Set(zooNames.map((name) => zoo[name].title)).size).toBe(zooNames.length)
  })
})
