import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toSafetensors } from '@mobileone/checkpoint'
import { initialize, type Model, reference, reparameterize, type Tensor } from '@mobileone/core'
import { fromOnnx } from '@mobileone/onnx'
import { zoo, zooNetwork } from '@mobileone/zoo'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openProject, type Project } from './program.ts'

/** As another program saves them: weights alone. */
const saved = (model: Model): Uint8Array => toSafetensors(model, { graph: false })
const name = 'mobilenetv3_small_100'
const model = initialize(zooNetwork(name, { form: 'train', classes: 6 }), {
  seed: 3,
  statistics: 'random',
})

let project: Project
beforeAll(async () => {
  project = await openProject()
  writeFileSync(join(project.folder, 'v3.safetensors'), saved(model))
})
afterAll(() => project?.remove())

describe('networks of the zoo', () => {
  it('are inspected by name', async () => {
    const found = await project.json<{ name: string; train: unknown; deploy: { macs: number } }>([
      'inspect',
      'resnet18',
    ])
    const { params, macs } = zoo.resnet18
    expect(found).toMatchObject({
      name: 'resnet18',
      train: { params: params.train },
      deploy: { params: params.deploy, macs },
    })
    const small = await project.json<{ deploy: { macs: number } }>(['inspect', 'resnet18', '--size', '112'])
    expect(small.deploy.macs).toBeLessThan(macs / 3)
  })

  it('on tokens are inspected too, with the products of attention', async () => {
    const { params, macs, matmulMacs } = zoo.deit_tiny_patch16_224
    expect(await project.json(['inspect', 'deit_tiny_patch16_224'])).toMatchObject({
      deploy: { params: params.deploy, macs, matmulMacs },
    })
  })

  it('classify with a checkpoint of another program, told by its keys', async () => {
    const [result] = await project.json<{ top: { index: number; score: number }[] }[]>([
      'classify',
      'red.png',
      '--weights',
      'v3.safetensors',
      '--top',
      '6',
    ])
    expect(result?.top.map(({ index }) => index).sort()).toEqual([0, 1, 2, 3, 4, 5])
    expect(result?.top.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 4)
  })

  it('are exported, folded', async () => {
    await project.json(['export', 'v3.safetensors', '-o', 'v3.onnx', '--size', '48'])
    const read = fromOnnx(readFileSync(join(project.folder, 'v3.onnx')))
    const image = {
      dtype: 'float32',
      shape: [1, 3, 48, 48],
      data: new Float32Array(3 * 48 * 48).fill(0.5),
    } as const
    const logits = async (of: Model): Promise<Float32Array> => {
      await using executor = await reference().compile(of)
      const [input = ''] = Object.keys(of.inputs)
      return (Object.values(await executor.run({ [input]: image }))[0] as Tensor).data
    }
    const sized = {
      ...zooNetwork(name, { form: 'train', classes: 6, size: [48, 48] }),
      weights: model.weights,
    }
    const [ours, theirs] = [await logits(reparameterize(sized)), await logits(read)]
    expect(Math.max(...theirs.map((value, index) => Math.abs(value - (ours[index] ?? 0))))).toBeLessThan(
      1e-4 * Math.max(...ours.map(Math.abs)),
    )
  })

  it('are measured without weights', async () => {
    const report = await project.json<{
      results: { variant: string; contender: string; maxAbsError: number }[]
    }>(['bench', '--variant', 'tinynet_e', '--runs', '2', '--against', 'none'])
    expect(report.results[0]).toMatchObject({ variant: 'tinynet_e', contender: 'mobileone-wasm' })
  })

  it('must be what --variant says', async () => {
    const wrong = await project.run(['classify', 'red.png', '--variant', 'resnet18', '-w', 'v3.safetensors'])
    expect(wrong.code).not.toBe(0)
    expect(wrong.stderr).toMatch(/missing: conv1\.weight, /)
    const other = await project.run(['classify', 'red.png', '--variant', 's0', '-w', 'v3.safetensors'])
    expect(other.stderr).toMatch(
      /contradicts --weights v3\.safetensors, which are of mobilenetv3_small_100; leave/,
    )
    const right = await project.run([
      'classify',
      'red.png',
      '--variant',
      'mobilenetv3_small_100',
      '-w',
      'v3.safetensors',
    ])
    expect(right.code).toBe(0)
  })

  it('are fetched by name where their weights are published', async () => {
    const offline = await project.run(['classify', 'red.png', '--variant', 'resnet18', '--offline'])
    expect(offline.stderr).toMatch(/timm\/resnet18\.tv_in1k/)
    const none = await project.run(['classify', 'red.png', '--variant', 'tinynet_e', '--offline'])
    expect(none.stderr).toMatch(
      /no weights of TinyNet-E with ReLU are published.*those of tinynet_e_silu are/,
    )
  })
})
