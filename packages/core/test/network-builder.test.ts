import { describe, expect, it } from 'vitest'
import {
  compareModels,
  initialize,
  MobileOneError,
  type Model,
  mobileone,
  print,
  reference,
  reparameterize,
  tensor,
  validate,
  variants,
} from '../src/index.ts'
import { NetworkBuilder } from '../src/network-builder.ts'

const started = (): NetworkBuilder => new NetworkBuilder({ name: 'net', inputs: { image: [1, 3, 9, 7] } })

describe('the network builder', () => {
  it('makes the nodes that are written, with the weights they need', () => {
    const net = started()
    const stem = net.conv('stem', 'image', { channels: 8, kernel: 3, stride: 2, activation: 'relu' })
    const wide = net.conv('wide', stem, {
      channels: 8,
      kernel: [1, 3],
      dilation: [1, 2],
      groups: 8,
      bias: false,
    })
    const normal = net.batchNorm('wide.bn', wide)
    const gate = net.unary(
      'sigmoid',
      'gate',
      net.conv('squeeze', net.globalAvgPool('mean', normal), { channels: 8 }),
    )
    const sum = net.add('sum', net.mul('gated', normal, gate), stem)
    const flat = net.flatten('flat', net.globalAvgPool('pool', sum))
    const logits = net.linear('head', flat, { features: 4, bias: false })
    const graph = net.build({ probabilities: net.softmax('softmax', logits) })
    expect(net.shape(stem)).toEqual([1, 8, 5, 4])
    expect(net.shape(wide)).toEqual([1, 8, 5, 4])
    expect(print(graph)).toMatchInlineSnapshot(`
      "model "net" (%image : 1x3x9x7) {
        %stem = conv2d(%image) 8x3x3x3 bias stride 2 padding 1 : 1x8x5x4
        %stem.relu = relu(%stem) : 1x8x5x4
        %wide = conv2d(%stem.relu) 8x1x1x3 groups 8 padding 0,2 dilation 1,2 : 1x8x5x4
        %wide.bn = batchNorm(%wide) epsilon 0.00001 : 1x8x5x4
        %mean = globalAvgPool(%wide.bn) : 1x8x1x1
        %squeeze = conv2d(%mean) 8x8x1x1 bias : 1x8x1x1
        %gate = sigmoid(%squeeze) : 1x8x1x1
        %gated = mul(%wide.bn, %gate) : 1x8x5x4
        %sum = add(%gated, %stem.relu) : 1x8x5x4
        %pool = globalAvgPool(%sum) : 1x8x1x1
        %flat = flatten(%pool) : 1x8
        %head = linear(%flat) 4x8 : 1x4
        %softmax = softmax(%head) : 1x4
      } -> {
        probabilities = %softmax
      }
      "
    `)
  })

  it('builds the released network block by block', () => {
    const config = { ...variants.s0, input: { channels: 3, size: [64, 64] as [number, number] } }
    const net = new NetworkBuilder({ name: config.name, inputs: { image: [1, 3, 64, 64] } })
    let value = net.block('stem', 'image', { channels: config.stem.channels, stride: 2 })
    for (const [index, stage] of config.stages.entries()) {
      for (let pair = 0; pair < stage.blocks; pair++) {
        const inChannels = net.shape(value)[1] as number
        const branches = stage.branches
        const name = (block: number): string => `stage${index + 1}.${2 * pair + block}`
        const stride = pair === 0 ? stage.stride : 1
        value = net.block(name(0), value, { channels: inChannels, groups: inChannels, stride, branches })
        value = net.block(name(1), value, { channels: stage.channels, kernel: 1, branches })
      }
    }
    const logits = net.linear('head', net.flatten('flatten', net.globalAvgPool('pool', value)), {
      features: 1000,
    })
    const { config: _, ...released } = mobileone(config, { form: 'train' })
    expect(net.build({ logits })).toEqual(released)
  })

  it('builds on a model, whose weights stay, and folds with it', async () => {
    const config = { ...variants.s0, input: { channels: 3, size: [32, 32] as [number, number] } }
    const backbone = initialize(mobileone(config, { form: 'train' }), { seed: 1, statistics: 'random' })
    const net = new NetworkBuilder(backbone)
    const block = net.block('extra', 'stage4.1.relu', { channels: 24, stride: 2, branches: 2 })
    const boxes = net.conv('boxes', block, { channels: 5 })
    const model: Model = initialize(net.build({ logits: 'head', boxes }), { seed: 2, statistics: 'random' })
    expect(model.weights['stem.scale.weight']).toBe(backbone.weights['stem.scale.weight'])
    expect(model.config).toBeUndefined()
    validate(model)

    const folded = reparameterize(model)
    expect(folded.nodes.some(({ op }) => op === 'batchNorm')).toBe(false)
    const { maxAbsError, maxAbsValue } = await compareModels(model, folded, { backend: reference(), runs: 1 })
    expect(maxAbsError / maxAbsValue).toBeLessThan(1e-5)

    const image = tensor(
      [1, 3, 32, 32],
      Float32Array.from({ length: 3 * 32 * 32 }, (_, i) => Math.sin(i)),
    )
    const [whole, alone] = await Promise.all(
      [model, backbone].map(async (each) => (await (await reference().compile(each)).run({ image })).logits),
    )
    expect(whole).toEqual(alone)
  })

  it('says at once what does not fit, and goes on without it', () => {
    const net = started()
    const stem = net.conv('stem', 'image', { channels: 8, kernel: 3 })
    const fails = (work: () => unknown, code: string, message: RegExp): void => {
      expect(work).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
      expect(work).toThrow(MobileOneError)
    }
    fails(() => net.add('sum', stem, 'image'), 'invalid-model', /"sum".*cannot add 1x8x9x7 and 1x3x9x7/)
    fails(() => net.conv('deep', 'nowhere', { channels: 1 }), 'invalid-argument', /no value "nowhere"/)
    fails(() => net.conv('stem', 'image', { channels: 8 }), 'invalid-model', /name.* is taken/)
    fails(() => net.conv('odd', stem, { channels: 8, groups: 3 }), 'invalid-model', /"odd".*weight.*2\.66/)
    fails(() => net.conv('none', stem, { channels: 0 }), 'invalid-model', /"none".*at least 1/)
    fails(
      () => net.conv('large', stem, { channels: 1, kernel: 99, padding: 0 }),
      'invalid-model',
      /does not fit/,
    )
    fails(() => net.channelShuffle('mix', stem, 3), 'invalid-model', /"mix".*8 channels do not divide/)
    fails(() => net.build({ logits: 'nowhere' }), 'invalid-argument', /no value "nowhere"/)
    fails(
      () => new NetworkBuilder({ ...net.build({ a: stem }), inputs: {} }),
      'invalid-model',
      /has no input/,
    )
    expect(net.build({ stem }).weights).toEqual({
      'stem.weight': { dtype: 'float32', shape: [8, 3, 3, 3] },
      'stem.bias': { dtype: 'float32', shape: [8] },
    })
  })
})
