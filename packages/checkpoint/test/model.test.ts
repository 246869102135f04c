import {
  type Graph,
  initialize,
  type Model,
  maxAbsDifference,
  mobileone,
  reference,
  reparameterize,
  type Tensor,
  tensor,
  variants,
  type Weight,
  withInputs,
} from '@mobileone/core'
import { lacking, readGolden } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import {
  type Checkpoint,
  inspectCheckpoint,
  modelFromCheckpoint,
  type NamingName,
  namings,
  readCheckpoint,
  type StoredTensor,
  toFloat32,
  toSafetensors,
} from '../src/index.ts'
import { allocatedBy } from './support/allocations.ts'
import { fixture, fixtureJson, toFloats } from './support/files.ts'

const namingNames = Object.keys(namings) as NamingName[]

async function run(model: Model, input: Tensor): Promise<Tensor> {
  const executor = await reference().compile(withInputs(model, { image: input.shape }))
  try {
    return (await executor.run({ image: input })).logits as Tensor
  } finally {
    await executor.dispose()
  }
}

function micro(options: { squeezeExcite?: number; strides?: number[]; channels?: number } = {}): Model {
  const { squeezeExcite = 1, strides = [2, 1], channels = 3 } = options
  const config = {
    name: 'micro',
    input: { channels, size: [40, 56] as const },
    stem: { channels: 16, stride: 2, branches: 1 },
    stages: strides.map((stride, index) => ({
      blocks: 2,
      channels: 16 + 5 * index,
      stride,
      branches: 2,
      squeezeExcite: index === 1 ? squeezeExcite : 0,
    })),
    classes: 3,
  }
  return initialize(mobileone(config, { form: 'train' }), { seed: 3, statistics: 'random' })
}

/** The models without their elements, and the names of the weights whose elements differ. */
function difference(a: Model, b: Model): unknown {
  const bytes = ({ data }: Weight): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const differing = Object.keys(a.weights).filter(
    (name) => !b.weights[name] || bytes(a.weights[name]!).compare(bytes(b.weights[name]!)) !== 0,
  )
  return { ...a, weights: Object.keys(a.weights).sort(), differing }
}

function same(a: Model): unknown {
  return { ...a, weights: Object.keys(a.weights).sort(), differing: [] }
}

/** A checkpoint of these names and shapes, with nothing in it. */
function shapesOf({ weights }: Graph): Checkpoint {
  const nothing = { dtype: 'float32', strides: [], offset: 0, storage: new Uint8Array() } as const
  const tensors = new Map(Object.entries(weights).map(([name, { shape }]) => [name, { ...nothing, shape }]))
  return { format: 'safetensors', root: '', tensors, metadata: new Map(), notes: [] }
}

function messageOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    expect(error).toMatchObject({ code: 'missing-weights' })
    return (error as Error).message
  }
  throw new Error('nothing was refused')
}

/** The file of `model` with some keys removed, renamed or added, through the real writer. */
function edited(model: Model, edit: (weights: Record<string, Weight>) => void): Uint8Array {
  const weights = { ...model.weights }
  edit(weights)
  return toSafetensors({ ...model, weights })
}

describe.skipIf(lacking('golden'))('real files', () => {
  for (const name of ['k1', 'k4-odd', 'se']) {
    for (const form of ['fused', 'unfused']) {
      it(`small/${name}.${form}: logits within 1e-5 of PyTorch's, under every naming`, async () => {
        const { input: shape } = JSON.parse(new TextDecoder().decode(readGolden(`small/${name}.json`))) as {
          input: number[]
        }
        const input = tensor(shape, toFloats(readGolden(`small/${name}.input.f32`)))
        const file = readCheckpoint(readGolden(`small/${name}.${form}.pth.tar`))
        const model = modelFromCheckpoint(file)
        const logits = await run(model, input)
        const expected = tensor(logits.shape, toFloats(readGolden(`small/${name}.logits.f32`)))
        expect(inspectCheckpoint(file)).toMatchObject({
          naming: 'apple',
          form: form === 'fused' ? 'deploy' : 'train',
        })
        expect(maxAbsDifference(logits, expected)).toBeLessThan(1e-5)
        expect(maxAbsDifference(await run(reparameterize(model), input), expected)).toBeLessThan(1e-5)
        for (const naming of namingNames) {
          const again = modelFromCheckpoint(readCheckpoint(toSafetensors(model, { naming })))
          expect(difference(again, model)).toEqual(same(model))
        }
      })
    }
  }

  it('recognises S0, fused and unfused, Apple and timm, and agrees with itself', () => {
    const fused = readCheckpoint(readGolden('mobileone_s0.pth.tar'))
    const unfused = readCheckpoint(readGolden('mobileone_s0_unfused.pth.tar'))
    const timm = readCheckpoint(readGolden('timm_mobileone_s0.safetensors'))
    expect(inspectCheckpoint(fused)).toEqual({
      naming: 'apple',
      prefix: '',
      assumptions: [],
      form: 'deploy',
      config: variants.s0,
    })
    expect(inspectCheckpoint(unfused)).toEqual({
      naming: 'apple',
      prefix: '',
      assumptions: [],
      form: 'train',
      config: variants.s0,
    })
    expect(inspectCheckpoint(timm)).toEqual({
      naming: 'timm',
      prefix: '',
      assumptions: [],
      form: 'train',
      config: variants.s0,
    })
    const model = modelFromCheckpoint(unfused)
    expect(difference(modelFromCheckpoint(timm), model)).toEqual(same(model))
  })

  it('views the 21 MB of the unfused S0 instead of copying them', () => {
    const bytes = readGolden('mobileone_s0_unfused.pth.tar')
    let model: Model | undefined
    const allocated = allocatedBy(() => {
      model = modelFromCheckpoint(readCheckpoint(bytes))
    })
    expect(allocated).toBeLessThan(100_000)
    const views = Object.values(model!.weights).filter(({ data }) => data.buffer === bytes.buffer)
    expect(views).toHaveLength(Object.keys(model!.weights).length)
  })

  it.each([
    ['apple', 'mobileone_s0_unfused.pth.tar'],
    ['apple', 'mobileone_s0.pth.tar'],
    ['timm', 'timm_mobileone_s0.safetensors'],
  ] as const)('writes %s exactly the keys, types and shapes it has in %s', (naming, name) => {
    const original = readCheckpoint(readGolden(name))
    const written = readCheckpoint(toSafetensors(modelFromCheckpoint(original), { naming }))
    const bytesOf = (stored: StoredTensor): string =>
      Buffer.from(toFloat32(stored).slice().buffer).toString('latin1')
    const describeKeys = ({ tensors }: typeof original): unknown =>
      [...tensors].map(([key, { dtype, shape }]) => [key, dtype, shape]).sort()
    expect(describeKeys(written)).toEqual(describeKeys(original))
    for (const [key, stored] of original.tensors) {
      if (key.endsWith('num_batches_tracked')) continue
      expect([key, bytesOf(written.tensors.get(key)!)]).toEqual([key, bytesOf(stored)])
    }
  })
})

describe('a tiny MobileOne saved by PyTorch', () => {
  const { config, input, ...files } = fixtureJson<
    { config: object; input: number[] } & Record<string, unknown>
  >('torch-fixtures.json')
  it.each(Object.keys(files).filter((name) => name.endsWith('.pth')))('%s gives its logits', async (name) => {
    const { logits } = files[name] as { logits: number[] }
    const count = input.reduce((a, b) => a * b)
    const image = tensor(
      input,
      Float32Array.from({ length: count }, (_, i) => ((37 * i) % 101) / 64 - 0.75),
    )
    const model = modelFromCheckpoint(readCheckpoint(fixture(name)), {
      name: 'mobileone-tiny',
      size: [32, 32],
    })
    expect(
      inspectCheckpoint(readCheckpoint(fixture(name)), { name: 'mobileone-tiny', size: [32, 32] }).config,
    ).toEqual(config)
    const got = await run(reparameterize(model), image)
    expect(maxAbsDifference(got, tensor([1, logits.length], Float32Array.from(logits)))).toBeLessThan(1e-5)
  })
})

describe('configurations read from shapes', () => {
  it('gives back every variant, in both forms', () => {
    for (const config of Object.values(variants)) {
      for (const form of ['train', 'deploy'] as const) {
        expect(inspectCheckpoint(shapesOf(mobileone(config, { form })))).toMatchObject({ form, config })
      }
    }
  })

  it('names a variant with other classes, and with another k', () => {
    const { s1 } = variants
    const other = {
      ...s1,
      name: 'x',
      classes: 7,
      stages: s1.stages.map((stage) => ({ ...stage, branches: 2 })),
    }
    const { config } = inspectCheckpoint(shapesOf(mobileone(other, { form: 'train' })))
    expect(config).toEqual({ ...other, name: 'mobileone_s1' })
  })

  it('reads strides from the skips of a train form, and from the file for a deploy form', () => {
    const train = micro()
    const bare = { ...readCheckpoint(toSafetensors(train)), metadata: new Map<string, string>() }
    expect(inspectCheckpoint(bare).config.stages.map(({ stride }) => stride)).toEqual([2, 1])
    const deploy = reparameterize(train)
    expect(modelFromCheckpoint(readCheckpoint(toSafetensors(deploy)))).toMatchObject({
      name: 'micro',
      inputs: deploy.inputs,
      weights: deploy.weights,
    })
    const bareDeploy = { ...readCheckpoint(toSafetensors(deploy)), metadata: new Map<string, string>() }
    const strides = (options: object) =>
      inspectCheckpoint(bareDeploy, options).config.stages.map(({ stride }) => stride)
    expect(strides({})).toEqual([2, 2])
    expect(strides({ strides: { stages: [2, 1] } })).toEqual([2, 1])
  })

  it('writes the strides of the configuration, and those of the convolutions where there is none', () => {
    const strides = (model: Model): unknown =>
      JSON.parse(readCheckpoint(toSafetensors(model)).metadata.get('mobileone.network')!).strides
    for (const model of [micro(), reparameterize(micro())]) {
      const { config: _, ...without } = model
      const renamed = model.nodes.map((node, index) => ({ ...node, name: `node${index}` }))
      expect(strides(model)).toEqual({ stem: 2, stages: [2, 1] })
      expect(strides(without)).toEqual({ stem: 2, stages: [2, 1] })
      expect(strides({ ...model, nodes: renamed })).toEqual({ stem: 2, stages: [2, 1] })
    }
  })

  it('reads input channels, and gives no ImageNet preprocessing to an input that is not RGB', () => {
    const model = modelFromCheckpoint(readCheckpoint(toSafetensors(micro({ channels: 1 }))))
    expect(model.inputs.image!.shape).toEqual([1, 1, 40, 56])
    expect(model.card?.preprocess).toBeUndefined()
  })

  it('finds the network under any prefix, and part of a larger one when told to', () => {
    const prefixed = (prefix: string): Uint8Array =>
      edited(micro(), (weights) => {
        for (const [name, value] of Object.entries(weights)) {
          delete weights[name]
          weights[prefix + name] = value
        }
        if (prefix === 'encoder.') weights['decoder.weight'] = tensor([1])
      })
    expect(inspectCheckpoint(readCheckpoint(prefixed('module.'))).prefix).toBe('module.')
    expect(modelFromCheckpoint(readCheckpoint(prefixed('module._orig_mod.'))).weights).toEqual(
      micro().weights,
    )
    const part = readCheckpoint(prefixed('encoder.'))
    expect(messageOf(() => modelFromCheckpoint(part))).toMatch(/decoder.weight[\s\S]*prefix: "encoder."/)
    expect(modelFromCheckpoint(part, { prefix: 'encoder.' }).weights).toEqual(micro().weights)
    expect(messageOf(() => modelFromCheckpoint(part, { prefix: 'other.' }))).toMatch(
      /under the prefix "other."/,
    )
  })

  it('reads a feature extractor without a classifier when given outputs', () => {
    const headless = readCheckpoint(
      edited(micro(), (weights) => {
        delete weights['head.weight']
        delete weights['head.bias']
      }),
    )
    expect(messageOf(() => modelFromCheckpoint(headless))).toMatch(
      /2 missing: head.weight, head.bias[\s\S]*`outputs`/,
    )
    const model = modelFromCheckpoint(headless, { outputs: ['stride4', 'embedding'] })
    expect(model.outputs).toEqual({ stride4: 'stage2.3.relu', embedding: 'flatten' })
  })
})

describe('keys that do not fit', () => {
  it('lists missing, mis-shaped and extra keys by their names in the file', () => {
    const broken = edited(micro(), (weights) => {
      delete weights['stage1.1.conv.1.bn.bias']
      weights['stage2.0.scale.weight'] = tensor([16, 1, 3, 3])
      weights['stage1.0.conv.5.weight'] = tensor([16, 1, 3, 3])
      weights['neck.weight'] = tensor([1])
    })
    const message = messageOf(() => modelFromCheckpoint(readCheckpoint(broken)))
    expect(message).toMatch(/1 missing: stage1\.1\.conv\.1\.bn\.bias/)
    expect(message).toMatch(/1 of another shape: stage2\.0\.scale\.weight \(16x1x3x3, expected 16x1x1x1\)/)
    expect(message).toMatch(/2 not part of the network: .*neck\.weight/)
  })

  it('says whose names it knows when it knows none', () => {
    const vgg = edited(micro(), (weights) => {
      for (const name of Object.keys(weights)) delete weights[name]
      weights['stage0.rbr_dense.conv.weight'] = tensor([4, 3, 3, 3])
    })
    expect(messageOf(() => modelFromCheckpoint(readCheckpoint(vgg)))).toMatch(
      /RepVGG.*first of 1 keys.*rbr_dense/,
    )
  })

  it('is not led astray by indices without end', () => {
    const hostile = edited(micro(), (weights) => {
      weights['stage9999.0.conv.0.weight'] = tensor([1])
      weights['stage1.9999.conv.0.weight'] = tensor([1])
      weights['stage1.0.conv.9999.weight'] = tensor([1])
    })
    expect(messageOf(() => modelFromCheckpoint(readCheckpoint(hostile)))).toMatch(/3 not part of the network/)
  })
})

describe('the card', () => {
  const card = {
    description: 'a micro network',
    author: 'someone',
    licence: 'MIT',
    source: 'made here',
    labels: ['a', 'b', 'c'],
    preprocess: {
      size: [40, 56] as const,
      resize: 44,
      interpolation: 'bicubic' as const,
      mean: [0.1, 0.2, 0.3],
      std: [1, 2, 3],
    },
  }

  it('travels in the file, under every naming and storage', () => {
    const model = { ...micro(), card }
    for (const naming of namingNames) {
      for (const storage of ['float32', 'float16'] as const) {
        const bytes = toSafetensors(model, { naming, storage, metadata: { note: 'x' } })
        expect(toSafetensors(model, { naming, storage, metadata: { note: 'x' } })).toEqual(bytes)
        const checkpoint = readCheckpoint(bytes)
        expect(checkpoint.metadata.get('note')).toBe('x')
        expect(modelFromCheckpoint(checkpoint).card).toEqual(card)
      }
    }
  })

  it('goes with the size that is asked for, unless the caller gives a rule', () => {
    const checkpoint = readCheckpoint(toSafetensors({ ...micro(), card }))
    const { card: resized, inputs } = modelFromCheckpoint(checkpoint, { size: [80, 84] })
    expect(inputs.image?.shape).toEqual([1, 3, 80, 84])
    expect(resized).toEqual({ ...card, preprocess: { ...card.preprocess, size: [80, 84], resize: 88 } })
    const own = { ...card.preprocess, size: [80, 84], resize: 84 } as const
    const given = modelFromCheckpoint(checkpoint, { size: [80, 84], card: { preprocess: own } })
    expect(given.card?.preprocess).toEqual(own)
  })

  it('defaults to ImageNet evaluation, and the caller has the last word', () => {
    const model = modelFromCheckpoint(readCheckpoint(toSafetensors(micro())), { card: { source: 'a file' } })
    expect(model.card).toEqual({
      source: 'a file',
      preprocess: {
        size: [40, 56],
        resize: 64,
        interpolation: 'bilinear',
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
      },
    })
    expect(() =>
      modelFromCheckpoint(readCheckpoint(toSafetensors(micro())), { card: { labels: ['one'] } }),
    ).toThrowError(/1 labels for the 3 classes/)
  })

  it.each([
    ['mobileone.card', '{', /is not JSON/],
    ['mobileone.card', '[]', /not an object/],
    ['mobileone.card', '{"labels":[1,2,3]}', /labels that are not/],
    ['mobileone.card', '{"preprocess":{"size":[1e9,1]}}', /preprocess that is/],
    ['mobileone.card', '{"constructor":1}', /unknown field "constructor"/],
    ['mobileone.network', '{"size":[0,0]}', /does not describe a network/],
    ['mobileone.network', '{"strides":{"stages":[1.5]}}', /does not describe a network/],
  ])('refuses %s: %s', (key, text, message) => {
    const checkpoint = readCheckpoint(toSafetensors(micro()))
    const metadata = new Map([...checkpoint.metadata, [key, text]])
    expect(() => modelFromCheckpoint({ ...checkpoint, metadata })).toThrowError(message)
  })
})

describe('writing float16', () => {
  it('halves the file and keeps every weight to 11 bits', () => {
    const model = reparameterize(micro())
    const [whole, half] = [toSafetensors(model), toSafetensors(model, { storage: 'float16' })]
    const data = (bytes: Uint8Array): number =>
      bytes.length - 8 - Number(new DataView(bytes.buffer).getBigUint64(0, true))
    expect(data(half)).toBe(data(whole) / 2)
    const again = modelFromCheckpoint(readCheckpoint(half))
    for (const [name, { data }] of Object.entries(model.weights)) {
      for (let i = 0; i < data.length; i++) {
        const error = Math.abs(again.weights[name]!.data[i]! - data[i]!)
        expect(error).toBeLessThanOrEqual(Math.max(2 ** -25, Math.abs(data[i]!) * 2 ** -11))
      }
    }
  })

  it('refuses a weight the naming has no key for', () => {
    const model = micro()
    const odd = { ...model, weights: { ...model.weights, 'extra.weight': tensor([1]) } }
    expect(() => toSafetensors(odd, { naming: 'timm' })).toThrowError(/timm has no names for extra.weight/)
  })
})
