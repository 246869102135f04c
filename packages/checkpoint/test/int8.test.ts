import {
  hasIntegerLayers,
  imagenetPreprocess,
  initialize,
  type Model,
  mobileone,
  print,
  type QuantizedTensor,
  reference,
  tensor,
} from '@mobileone/core'
import { NetworkBuilder } from '@mobileone/core/network-builder'
import { describe, expect, it } from 'vitest'
import {
  modelFromCheckpoint,
  readCheckpoint,
  readCheckpointAsync,
  toFloat32,
  toSafetensors,
  type WritableTensor,
  writeSafetensors,
} from '../src/index.ts'
import { inInt8 } from './support/int8.ts'

const tiny = initialize(
  mobileone(
    {
      name: 'tiny',
      input: { channels: 3, size: [16, 16] },
      stem: { channels: 4, stride: 2, branches: 1 },
      stages: [{ blocks: 2, channels: 6, stride: 2, branches: 1, squeezeExcite: 1 }],
      classes: 3,
    },
    { form: 'deploy' },
  ),
  { seed: 3, statistics: 'random' },
)
const card = { preprocess: imagenetPreprocess([16, 16], 3), labels: ['a', 'b', 'c'], author: 'somebody' }
const model: Model = { ...inInt8(tiny), card }

function own(): Model {
  const net = new NetworkBuilder({ name: 'own', inputs: { image: [1, 3, 8, 8] } })
  const fine = net.conv('fine', 'image', { channels: 6, kernel: 3, activation: 'relu' })
  const mixed = net.conv('mixed', fine, { channels: 6, kernel: 1 })
  return inInt8(initialize(net.build({ mixed }), { seed: 4, statistics: 'random' }))
}

function withoutSteps(given: Model): Model {
  const weights = Object.entries(given.weights).map(([name, weight]) => {
    if (weight.dtype !== 'int8') return [name, weight]
    const { inputSteps: _, ...rest } = weight
    return [name, rest]
  })
  return { ...given, weights: Object.fromEntries(weights) }
}

const read = (bytes: Uint8Array): Model => modelFromCheckpoint(readCheckpoint(bytes))
const dtypes = (bytes: Uint8Array): Map<string, string> =>
  new Map([...readCheckpoint(bytes).tensors].map(([name, { dtype }]) => [name, dtype]))

describe('the int8 form in a safetensors file', () => {
  it('is told of before the file is read, where it is there', async () => {
    const seen: unknown[] = []
    const onInt8 = (int8: 'layers' | 'weights'): void => void seen.push(int8)
    await readCheckpointAsync(toSafetensors(model), { onInt8 })
    await readCheckpointAsync(toSafetensors(withoutSteps(model)), { onInt8 })
    expect(seen).toEqual(['layers', 'weights'])
    await readCheckpointAsync(toSafetensors(tiny), { onInt8 })
    const ofOthers = new Map([['w', { dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const]])
    await readCheckpointAsync(writeSafetensors(ofOthers, { quantization: 'gptq' }), { onInt8 })
    const damaged = toSafetensors(model).slice(0, -1)
    await expect(readCheckpointAsync(damaged, { onInt8 })).rejects.toMatchObject({ code: 'invalid-file' })
    expect(seen).toEqual(['layers', 'weights', 'layers'])
  })

  it('comes back as the same model: every level, scale, step, diagonal and float, config and card', async () => {
    const bytes = toSafetensors(model)
    const back = read(bytes)
    expect(back.weights).toEqual(model.weights)
    expect(back).toMatchObject({ name: 'tiny', inputs: model.inputs, nodes: model.nodes, card })
    expect(back.config).toMatchObject({ stages: [{ channels: 6, squeezeExcite: 1 }], classes: 3 })
    expect(print(back)).toBe(print(model))
    expect(toSafetensors(back)).toEqual(bytes)
    expect(toSafetensors(model, { storage: 'int8' })).toEqual(bytes)
    expect(modelFromCheckpoint(await readCheckpointAsync(bytes))).toEqual(back)
    expect(hasIntegerLayers(back)).toBe(true)
  })

  it('comes back so of networks that it holds itself, and computes the same', async () => {
    const image = tensor(
      [1, 3, 8, 8],
      Float32Array.from({ length: 192 }, (_, i) => Math.cos(i)),
    )
    const given = own()
    const back = read(toSafetensors(given))
    expect(back).toEqual(given)
    const [before, after] = await Promise.all(
      [given, back].map(async (each) => (await reference().compile(each)).run({ image })),
    )
    expect(after).toEqual(before)
  })

  it('is written in the types of the format, levels as they lie in memory', () => {
    const bytes = toSafetensors(model)
    const pointwise = 'stage1.1.weight'
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
    expect(header.__metadata__).toMatchObject({ quantization: 'w8a7', version: '1' })
    const found = (key: string) => [header[key].dtype, header[key].shape]
    expect(found(pointwise)).toEqual(['I8', [6, 4, 1, 1]])
    expect(found(`${pointwise}.scale`)).toEqual(['F32', [6]])
    expect(found(`${pointwise}.input`)).toEqual(['F32', [4]])
    expect(found('stage1.3.weight.diag')).toEqual(['F32', [6]])
    expect(found('head.weight.scale')).toEqual(['F16', [3]])
    expect(found('head.weight.zero')).toEqual(['I8', [3]])
    expect(found('stage1.1.bias')).toEqual(['F32', [6]])
    expect(found('stem.weight')).toEqual(['F16', [4, 3, 3, 3]])
    const { data } = read(bytes).weights[pointwise] as QuantizedTensor
    expect(data.buffer).toBe(bytes.buffer)
  })

  it('says where weights alone are in int8', () => {
    const weights = Object.entries(model.weights).map(([name, weight]) => {
      const { inputSteps: _, ...alone } = weight as QuantizedTensor
      return [name, alone]
    })
    const alone = { ...model, weights: Object.fromEntries(weights) }
    const bytes = toSafetensors(alone)
    expect(readCheckpoint(bytes).metadata.get('quantization')).toBe('w8')
    expect(read(bytes).weights).toEqual(alone.weights)
  })

  it('is read by what knows no int8: floats of scale, levels, steps and diagonal', () => {
    const { metadata, tensors } = readCheckpoint(toSafetensors(model, { storage: 'float32' }))
    expect(metadata.has('quantization')).toBe(false)
    const weight = model.weights['stage1.3.weight'] as QuantizedTensor
    const { scales, data, inputSteps = [], diagonal = [] } = weight
    const wanted = Float32Array.from(data, (level, at) => {
      const [o, c] = [Math.floor(at / 6), at % 6]
      return (
        ((scales[o] as number) * level) / (inputSteps[c] as number) + (o === c ? (diagonal[o] as number) : 0)
      )
    })
    expect(toFloat32(tensors.get('stage1.3.weight')!)).toEqual(wanted)
    expect(dtypes(toSafetensors(model, { storage: 'float16' })).get('stage1.3.weight')).toBe('float16')
    expect(dtypes(toSafetensors(model, { storage: 'float32', naming: 'timm' })).get('head.fc.weight')).toBe(
      'float32',
    )
  })

  it('keeps a float weight that float16 would change', () => {
    const stem = tensor(
      [4, 3, 3, 3],
      Float32Array.from({ length: 108 }, (_, i) => i / 1000),
    )
    const kept = { ...model, weights: { ...model.weights, 'stem.weight': stem } }
    expect(dtypes(toSafetensors(kept)).get('stem.weight')).toBe('float32')
    expect(read(toSafetensors(kept)).weights['stem.weight']).toEqual(stem)
  })

  it.each([
    [
      'a model that is not quantised',
      () => toSafetensors(tiny, { storage: 'int8' }),
      /"tiny" has no weight in int8; quantize it first/,
    ],
    [
      "other programs' names",
      () => toSafetensors(model, { naming: 'timm' }),
      /no names of timm.*storage float32/,
    ],
    [
      'weights named as parts',
      () => {
        const { nodes, weights, ...rest } = own()
        const renamed = nodes.map((node) =>
          'bias' in node && node.name === 'mixed' ? { ...node, bias: 'mixed.weight.scale' } : node,
        )
        const { 'mixed.bias': bias, ...others } = weights
        return toSafetensors({ ...rest, nodes: renamed, weights: { ...others, 'mixed.weight.scale': bias! } })
      },
      /two tensors "mixed.weight.scale".*rename/,
    ],
  ])('is refused of %s', (_, write, message) => {
    expect(write).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(message) }),
    )
  })
})

describe('files of the int8 form that lie', () => {
  const name = 'w'
  const f32 = (...values: number[]) => ({
    dtype: 'F32' as const,
    shape: [values.length],
    data: Float32Array.from(values),
  })
  const i8 = (shape: number[], fill = 1): WritableTensor => ({
    dtype: 'I8',
    shape,
    data: new Int8Array(shape.reduce((a, b) => a * b, 1)).fill(fill),
  })
  const graph = {
    version: 1,
    name: 'n',
    inputs: { x: [1, 2, 1, 1] },
    outputs: { y: 'a' },
    nodes: [
      {
        op: 'conv2d',
        name: 'a',
        inputs: ['x'],
        weight: name,
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
        groups: 1,
      },
    ],
  }
  const good = { [name]: i8([2, 2, 1, 1]), 'w.scale': f32(1, 2), 'w.input': f32(1, 2), 'w.diag': f32(0, 1) }
  const file = (
    parts: Record<string, WritableTensor | undefined>,
    metadata: Record<string, string> = {},
  ): Uint8Array =>
    writeSafetensors(
      new Map(
        Object.entries({ ...good, ...parts }).filter(([, part]) => part !== undefined) as [
          string,
          WritableTensor,
        ][],
      ),
      { quantization: 'w8a7', version: '1', 'mobileone.graph': JSON.stringify(graph), ...metadata },
    )

  it('are read where they do not', () => {
    expect(read(file({})).weights[name]).toMatchObject({ dtype: 'int8', inputSteps: Float32Array.of(1, 2) })
    expect(read(file({ 'w.input': undefined, 'w.zero': i8([2]) })).weights[name]).toMatchObject({
      zeroPoints: Int8Array.of(1, 1),
    })
    expect(read(file({ 'w.input': undefined }, { quantization: 'w8' })).weights[name]).toHaveProperty(
      'diagonal',
    )
  })

  const what = 'the int8 weight "w" \\(2x2x1x1\\)'
  type Parts = Record<string, WritableTensor | undefined>
  it.each<[string, Parts, Record<string, string>, string]>([
    ['no scale', { 'w.scale': undefined }, {}, `${what} lacks "w.scale" \\(2\\)`],
    [
      'a scale too long',
      { 'w.scale': f32(1, 2, 3) },
      {},
      `"w.scale" is float32 of 3; beside ${what} it must be float32 or float16 of 2`,
    ],
    ['a scale of another type', { 'w.scale': i8([2]) }, {}, '"w.scale" is int8 of 2'],
    [
      'a scale of another rank',
      { 'w.scale': { ...f32(1, 2), shape: [2, 1] } },
      {},
      '"w.scale" is float32 of 2x1',
    ],
    [
      'steps too short',
      { 'w.input': f32(1) },
      {},
      `"w.input" is float32 of 1; beside ${what} it must be float32 or float16 of 2`,
    ],
    ['a step of 0', { 'w.input': f32(1, 0) }, {}, '"w.input" \\(2\\) holds 0 for input channel 1'],
    ['a negative step', { 'w.input': f32(-1, 1) }, {}, 'holds -1 for input channel 0'],
    ['a step that is NaN', { 'w.input': f32(1, Number.NaN) }, {}, 'holds NaN'],
    ['a step that is infinite', { 'w.input': f32(1, Number.POSITIVE_INFINITY) }, {}, 'holds Infinity'],
    ['a step whose inverse is', { 'w.input': f32(1, 1e-45) }, {}, 'must be positive'],
    [
      'steps where weights alone are int8',
      {},
      { quantization: 'w8' },
      `${what} can have no "w.input" \\(2\\)`,
    ],
    ['zero points beside steps', { 'w.zero': i8([2]) }, {}, `${what} can have no "w.zero"`],
    [
      'zero points of another type',
      { 'w.input': undefined, 'w.zero': f32(0, 0) },
      {},
      '"w.zero" is float32 of 2.*must be int8 of 2',
    ],
    ['zero points too many', { 'w.input': undefined, 'w.zero': i8([3]) }, {}, '"w.zero" is int8 of 3'],
    ['a diagonal too long', { 'w.diag': f32(1, 2, 3) }, {}, '"w.diag" is float32 of 3'],
    [
      'a diagonal of no square',
      { [name]: i8([3, 2, 1, 1]), 'w.scale': f32(1, 2, 3), 'w.diag': f32(1, 2, 3) },
      {},
      'can have no "w.diag"',
    ],
    ['steps of a kernel', { [name]: i8([2, 2, 3, 3]), 'w.diag': undefined }, {}, 'can have no "w.input"'],
    ['a level of -128', { [name]: i8([2, 2, 1, 1], -128) }, {}, `${what} has input steps.*-128`],
    [
      'another form',
      {},
      { quantization: 'gptq' },
      'quantization is "gptq", and this reader knows w8 and w8a7',
    ],
    [
      'a newer layout',
      {},
      { version: '2' },
      'version "2", and this reader knows 1; it may be of a newer release',
    ],
    ['a part of nothing', { 'v.scale': f32(1) }, {}, '"v.scale" is never used'],
  ])('are refused: %s', (_, parts, metadata, message) => {
    expect(() => read(file(parts, metadata))).toThrow(
      expect.objectContaining({ code: 'invalid-file', message: expect.stringMatching(new RegExp(message)) }),
    )
  })

  it('need no form where they have no int8 tensors, and none is assumed where they say nothing', () => {
    const floats = toSafetensors(tiny, { metadata: { quantization: 'none', version: '9' } })
    expect(read(floats).weights).toEqual(tiny.weights)
    const plain = writeSafetensors(new Map([['w', i8([2, 2])]]))
    expect(toFloat32(readCheckpoint(plain).tensors.get('w')!)).toEqual(new Float32Array(4).fill(1))
  })
})
