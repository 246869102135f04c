import { wasm } from '@mobileone/backend-wasm'
import {
  type Backend,
  initialize,
  type Model,
  maxAbsDifference,
  print,
  profile,
  random,
  reference,
  reparameterize,
  type Tensor,
  tensor,
  withBatch,
} from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import { isZooName, type ZooName, zoo, zooNames, zooNetwork } from '../src/index.ts'

/** One of each family, and what is special about a few. */
const families: readonly ZooName[] = [
  'mobilenetv3_small_100',
  'mixnet_s',
  'repvgg_a0',
  'resnet18',
  'mobilenext_100',
  'ghostnet_100',
  'tinynet_e_silu',
]

function noise(shape: readonly number[]): Tensor {
  const source = random(4)
  const image = tensor(shape)
  return tensor(
    shape,
    image.data.map(() => source.normal()),
  )
}

async function logits(model: Model, backend: Backend, image: Tensor): Promise<Tensor> {
  await using executor = await backend.compile(model)
  return (await executor.run({ image })).logits as Tensor
}

const keys = (name: ZooName, start: string): string[] =>
  Object.keys(zooNetwork(name, { form: 'train' }).weights)
    .filter((key) => key.startsWith(start) && !/bn|running|\.bias/.test(key))
    .map((key) => key.slice(start.length))

describe('networks of the zoo', () => {
  it.each(families)('%s folds into its deploy form and keeps its logits', async (name) => {
    const options = { size: [36, 33], classes: 5 } as const
    const train = initialize(zooNetwork(name, { ...options, form: 'train' }), {
      seed: 3,
      statistics: 'random',
    })
    const deploy = reparameterize(train)
    const built = zooNetwork(name, { ...options, form: 'deploy' })
    expect(print(deploy)).toBe(print(built))
    expect(Object.keys(deploy.weights).sort()).toEqual(Object.keys(built.weights).sort())
    expect(deploy.nodes.filter(({ op }) => op === 'batchNorm')).toEqual([])
    const image = noise([1, 3, ...options.size])
    const [trained, folded] = await Promise.all([
      logits(train, wasm(), image),
      logits(deploy, reference(), image),
    ])
    const largest = Math.max(...folded.data.map(Math.abs))
    expect(largest).toBeGreaterThan(0)
    expect(maxAbsDifference(trained, folded)).toBeLessThan(1e-4 * largest)
  })

  it('resizes maps of odd sides for MobileViT, counted as at the size of the paper', () => {
    const counted = (['mobilevit_xxs', 'mobilevit_xs', 'mobilevit_s'] as const).map((name) => {
      const { macs } = profile(zooNetwork(name, { form: 'deploy', size: [224, 224] }))
      return Math.round(macs / 1e5) / 10
    })
    expect(counted).toEqual([255.4, 703.2, 1416.8])
  })

  it.each(['deit_tiny_patch16_224', 'pit_ti_224', 'mobilevit_xxs'] as const)(
    '%s gives each picture of a batch what it gives it alone',
    async (name) => {
      const size = [48, 40] as const
      const graph = zooNetwork(name, { form: 'deploy', size, classes: 3 })
      const model = initialize(graph, { seed: 3, statistics: 'random' })
      const pair = noise([2, 3, ...size])
      const half = pair.data.length / 2
      const both = await logits(withBatch(model, 2), reference(), pair)
      const second = await logits(model, reference(), tensor([1, 3, ...size], pair.data.slice(half)))
      expect(Array.from(both.data.slice(3))).toEqual(Array.from(second.data))
      expect(new Set(both.data).size).toBe(6)
    },
  )

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
