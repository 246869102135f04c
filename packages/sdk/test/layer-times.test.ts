import { reference } from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import { createClassifier, wasm } from '../src/index.ts'

const model = new URL('../../../apps/demo/assets/fashion-mnist.safetensors', import.meta.url)

describe.each([
  ['wasm', () => wasm()],
  ['reference', () => reference()],
] as const)('profile on %s', (name, backend) => {
  it('names layers and kernels, with shares of the whole', async () => {
    await using classifier = await createClassifier({ model, backend: backend() })
    const { backend: of, ms, layers, kernels } = await classifier.profile({ runs: 2 })
    expect(of).toBe(name)
    expect(layers.map(({ node, kernel }) => ({ node, kernel }))).toEqual(classifier.executor.steps)
    const nodes = new Map(classifier.graph.nodes.map((node) => [node.name, node.op]))
    for (const { node, op } of layers) expect(op).toBe(nodes.get(node))
    expect(layers.filter(({ op }) => op === 'conv2d').length).toBeGreaterThan(3)
    const sum = (values: readonly { readonly ms: number; readonly share: number }[], key: 'ms' | 'share') =>
      values.reduce((total, value) => total + value[key], 0)
    expect(ms).toBeGreaterThan(0)
    for (const list of [layers, kernels]) {
      expect(sum(list, 'ms')).toBeCloseTo(ms, 6)
      expect(sum(list, 'share')).toBeCloseTo(1, 6)
    }
    expect(kernels.reduce((count, { steps }) => count + steps, 0)).toBe(layers.length)
    expect(kernels.map(({ ms }) => ms)).toEqual(kernels.map(({ ms }) => ms).toSorted((a, b) => b - a))
  })
})

it('takes the median of the runs, without the first', async () => {
  const backend = reference()
  const given = [100, 1, 9, 2]
  const timed = {
    ...backend,
    compile: async (...parameters: Parameters<typeof backend.compile>) => ({
      ...(await backend.compile(...parameters)),
      steps: [{ node: 'made up', kernel: 'k' }],
      profile: async () => [{ step: 0, ms: given.shift() as number }],
    }),
  }
  await using classifier = await createClassifier({ model, backend: timed })
  expect(await classifier.profile({ runs: 3 })).toEqual({
    backend: 'reference',
    ms: 2,
    layers: [{ node: 'made up', kernel: 'k', ms: 2, share: 1 }],
    kernels: [{ kernel: 'k', steps: 1, ms: 2, share: 1 }],
  })
  await expect(classifier.profile({ runs: 0 })).rejects.toMatchObject({ code: 'invalid-argument' })
})

it('is unsupported, by name, where the backend cannot tell', async () => {
  const backend = reference()
  const silent = {
    ...backend,
    async compile(...parameters: Parameters<typeof backend.compile>) {
      const { profile: _, ...executor } = await backend.compile(...parameters)
      return { ...executor, backend: 'silent' }
    },
  }
  await using classifier = await createClassifier({ model, backend: silent })
  await expect(classifier.profile()).rejects.toMatchObject({ code: 'unsupported' })
  await expect(classifier.profile()).rejects.toThrow(/the backend silent cannot time its layers/)
})
