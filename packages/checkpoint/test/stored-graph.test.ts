import {
  imagenetPreprocess,
  initialize,
  type Model,
  mobileone,
  print,
  reference,
  tensor,
} from '@mobileone/core'
import { NetworkBuilder } from '@mobileone/core/network-builder'
import { describe, expect, it } from 'vitest'
import { modelFromCheckpoint, readCheckpoint, toSafetensors, writeSafetensors } from '../src/index.ts'

const read = (bytes: Uint8Array, options = {}): Model => modelFromCheckpoint(readCheckpoint(bytes), options)

function detector(): Model {
  const net = new NetworkBuilder({ name: 'detector', inputs: { image: [1, 3, 24, 32] } })
  const fine = net.conv('fine', 'image', { channels: 6, kernel: 3, stride: 2, activation: 'relu' })
  const coarse = net.block('coarse', fine, { channels: 8, stride: 2, branches: 2 })
  const boxes = net.conv('boxes', coarse, { channels: 4, kernel: 3 })
  const model = initialize(net.build({ boxes, fine }), { seed: 4, statistics: 'random' })
  return { ...model, card: { description: 'Finds things', labels: ['thing'] } }
}

describe('a network in a safetensors file', () => {
  it('comes back as it was, card and all', async () => {
    const model = detector()
    const bytes = toSafetensors(model)
    const back = read(bytes)
    expect(back).toEqual(model)
    expect(print(back)).toBe(print(model))
    expect(toSafetensors(back)).toEqual(bytes)
    const image = tensor(
      [1, 3, 24, 32],
      Float32Array.from({ length: 2304 }, (_, i) => Math.cos(i)),
    )
    const [before, after] = await Promise.all(
      [model, back].map(async (each) => (await reference().compile(each)).run({ image })),
    )
    expect(after).toEqual(before)
  })

  it('is written where keys and shapes would not tell it, or where it is asked for', () => {
    const config = {
      name: 'tiny',
      input: { channels: 1, size: [16, 16] as const },
      stem: { channels: 4, stride: 2, branches: 1 },
      stages: [{ blocks: 1, channels: 6, stride: 1, branches: 1, squeezeExcite: 0 }],
      classes: 2,
    }
    const model = initialize(mobileone(config, { form: 'deploy' }), { seed: 1 })
    const metadata = (options = {}): string[] => [
      ...readCheckpoint(toSafetensors(model, options)).metadata.keys(),
    ]
    expect(metadata()).not.toContain('mobileone.graph')
    expect(metadata({ graph: true })).toContain('mobileone.graph')
    expect(read(toSafetensors(model, { graph: true }))).toMatchObject({
      nodes: model.nodes,
      outputs: model.outputs,
      weights: model.weights,
    })
    const { config: _, ...other } = model
    expect(readCheckpoint(toSafetensors(other, { graph: false })).metadata.has('mobileone.graph')).toBe(false)
    expect(() => toSafetensors(model, { graph: true, naming: 'timm' })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(/leave out/) }),
    )
  })

  it('keeps half floats, and takes another name, size, outputs and card', () => {
    const model = detector()
    const half = read(toSafetensors(model, { storage: 'float16' }))
    const weight = half.weights['fine.weight']?.data as Float32Array
    const wanted = model.weights['fine.weight']?.data as Float32Array
    expect(weight).not.toEqual(wanted)
    for (const [index, value] of weight.entries()) expect(value).toBeCloseTo(wanted[index] as number, 2)

    const chosen = read(toSafetensors(model), {
      name: 'other',
      size: [40, 8],
      outputs: ['boxes', 'coarse'],
      card: { author: 'somebody' },
    })
    expect(chosen).toMatchObject({
      name: 'other',
      inputs: { image: { shape: [1, 3, 40, 8] } },
      outputs: { boxes: 'boxes', coarse: 'coarse' },
      card: { author: 'somebody', description: 'Finds things' },
    })
    const preprocess = { ...imagenetPreprocess([40, 32], 3), size: [40, 32], resize: 44 } as const
    const ruled = { ...model, card: { ...model.card, preprocess } }
    expect(read(toSafetensors(ruled)).card?.preprocess).toEqual(preprocess)
    const { card } = read(toSafetensors(ruled), { size: [80, 32] })
    expect(card?.preprocess).toEqual({ ...preprocess, size: [80, 32], resize: 88 })
    for (const option of [{ strides: { stem: 1 } }, { prefix: 'a.' }, { outputs: ['nothing'] }]) {
      expect(() => read(toSafetensors(model), option), JSON.stringify(option)).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
    }
  })

  const node = { op: 'relu', name: 'a', inputs: ['x'] }
  const good = { version: 1, name: 'n', inputs: { x: [1, 2] }, outputs: { y: 'a' }, nodes: [node] }
  const deep = `${'['.repeat(500)}${']'.repeat(500)}`
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['text that is no JSON', '{', /not JSON/],
    ['text that nests', deep, /nests more than/],
    ['a list', [], /not an object/],
    ['a newer version', { ...good, version: 2 }, /version 2.*newer release/],
    ['no nodes', { ...good, nodes: undefined }, /list of at most/],
    ['too many nodes', { ...good, nodes: new Array(100_001).fill(0) }, /list of at most 100000/],
    ['a node that is none', { ...good, nodes: [7] }, /must be an object/],
    ['an unknown op', { ...good, nodes: [{ ...node, op: 'exec' }] }, /unknown op/],
    [
      'a weight that is missing',
      { ...good, nodes: [{ ...node, op: 'linear', weight: 'w' }] },
      /"w" is not among/,
    ],
    ['an input without a shape', { ...good, inputs: { x: 'wide' } }, /has no shape/],
    ['inputs that are none', { ...good, inputs: 4 }, /inputs must be an object/],
    ['a size that is none', { ...good, inputs: { x: [1, -2] } }, /whole number/],
    ['a cycle', { ...good, nodes: [{ ...node, inputs: ['a'] }] }, /cycle/],
    ['an output that is none', { ...good, outputs: { y: 'b' } }, /neither an input nor a node/],
    ['names of the language', JSON.stringify(good).replace('"x":', '"__proto__":'), /neither an input/],
  ]
  it.each(cases)('refuses %s', (_, value, message) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    const bytes = writeSafetensors(new Map(), { 'mobileone.graph': text })
    expect(() => read(bytes)).toThrow(
      expect.objectContaining({ code: 'invalid-file', message: expect.stringMatching(message) }),
    )
  })

  it('refuses weights that no node reads', () => {
    const stray = new Map([['w', { dtype: 'F32', shape: [1], data: new Float32Array(1) } as const]])
    const bytes = writeSafetensors(stray, { 'mobileone.graph': JSON.stringify(good) })
    expect(() => read(bytes)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/never used/) }),
    )
  })
})
