import { wasm } from '@mobileone/backend-wasm'
import { initialize, mobileone, reference, tensor, variants } from '@mobileone/core'
import { NetworkBuilder } from '@mobileone/core/network-builder'
import { probeNetwork } from '@mobileone/zoo'
import { describe, expect, it } from 'vitest'
import { layerCosts, layerTraffic } from '../src/index.ts'

function small() {
  const net = new NetworkBuilder({ name: 'small', inputs: { image: [2, 3, 4, 4] } })
  const conv = net.conv('conv', 'image', { channels: 8, kernel: 3, activation: 'relu' })
  const flat = net.flatten('flat', net.globalAvgPool('pool', conv))
  return initialize(net.build({ logits: net.linear('head', flat, { features: 5 }), features: conv }), {
    seed: 1,
  })
}

describe('the memory traffic of layers', () => {
  it('counts weights, what is read and what is written once each, fused nodes with their layer', () => {
    const steps = ['conv', 'pool', 'head'].map((node) => ({ node }))
    const [conv, pool, head] = [4 * 2 * 8 * 16, 4 * 2 * 8, 4 * 2 * 5]
    expect(layerTraffic(small(), steps)).toEqual([
      {
        node: 'conv',
        op: 'conv2d',
        nodes: ['conv', 'conv.relu'],
        weightBytes: 4 * (8 * 27 + 8),
        readBytes: 4 * 2 * 3 * 16,
        writtenBytes: conv,
      },
      {
        node: 'pool',
        op: 'globalAvgPool',
        nodes: ['pool', 'flat'],
        weightBytes: 0,
        readBytes: conv,
        writtenBytes: pool,
      },
      {
        node: 'head',
        op: 'linear',
        nodes: ['head'],
        weightBytes: 4 * (5 * 8 + 5),
        readBytes: pool,
        writtenBytes: head,
      },
    ])
  })

  it('is more where nothing is fused', async () => {
    const model = small()
    await using executor = await reference().compile(model)
    const rows = layerTraffic(model, executor.steps)
    expect(rows.map(({ node }) => node)).toEqual(model.nodes.map(({ name }) => name))
    expect(rows.find(({ node }) => node === 'conv.relu')).toMatchObject({
      readBytes: 1024,
      writtenBytes: 1024,
    })
  })

  it('gives what one step computes one row, with the values that it reads from outside', async () => {
    const model = initialize(probeNetwork('separable', 'dynamic_relu_b', { size: [32, 32] }), { seed: 1 })
    await using executor = await wasm().compile(model)
    const row = layerTraffic(model, executor.steps).find(({ node }) => node === 'act.1')
    expect(row?.nodes).toEqual(['act.1.scaled1', 'act.1.line1', 'act.1.scaled2', 'act.1.line2', 'act.1'])
    const [map, factor] = [4 * 48 * 8 * 8, 4 * 48]
    expect(row).toMatchObject({ readBytes: map + 4 * factor, writtenBytes: map })
  })

  it('goes beside the times of a profile', async () => {
    const model = initialize(mobileone(variants.s0, { form: 'deploy' }), { seed: 1 })
    await using executor = await wasm().compile(model)
    const image = tensor([1, 3, 224, 224])
    const times = (await executor.profile?.({ image })) ?? []
    const named = times.map(({ step, ms }) => ({ node: executor.steps[step]?.node ?? '', ms }))
    const rows = layerCosts(model, named)
    expect(rows.flatMap(({ nodes }) => nodes).toSorted()).toEqual(
      model.nodes.map(({ name }) => name).toSorted(),
    )
    const sum = (values: readonly { readonly ms: number }[]) => values.reduce((all, { ms }) => all + ms, 0)
    const inGraph = named.filter(({ node }) => model.nodes.some(({ name }) => name === node))
    expect(sum(rows)).toBeCloseTo(sum(inGraph), 9)
    expect(rows.reduce((all, { weightBytes }) => all + weightBytes, 0)).toBe(4 * 2_078_504)
  })
})
