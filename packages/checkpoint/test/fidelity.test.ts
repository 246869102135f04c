import {
  findNonFinite,
  initialize,
  isMobileOneError,
  type MobileOneConfig,
  type Model,
  mobileone,
  refuseNonFinite,
  reparameterize,
  variants,
} from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import {
  type Checkpoint,
  inspectCheckpoint,
  modelFromCheckpoint,
  type NamingName,
  namings,
  readCheckpoint,
  toSafetensors,
} from '../src/index.ts'
import { translateKey } from '../src/naming/translate-key.ts'
import { contiguousStrides } from '../src/stored-tensor.ts'
import { bytesOf, op, type Part, tensor } from './support/pickle.ts'
import { torchZip } from './support/zip.ts'

const config: MobileOneConfig = {
  name: 'small',
  input: { channels: 3, size: [32, 32] },
  stem: { channels: 16, stride: 2, branches: 1 },
  stages: [{ blocks: 2, channels: 32, stride: 2, branches: 2, squeezeExcite: 1 }],
  classes: 3,
}
const small = (seed: number, changes: Partial<MobileOneConfig> = {}): Model =>
  initialize(mobileone({ ...config, ...changes }, { form: 'train' }), { seed, statistics: 'random' })

/** A file of torch.save that holds what `dicts` say: numbers, and state dicts of models under a naming and a prefix. */
class TorchFile {
  readonly #storages: Record<string, Uint8Array> = {}

  tensor(shape: readonly number[], data: ArrayBufferView, storage = 'FloatStorage'): Part {
    const key = String(Object.keys(this.#storages).length)
    this.#storages[key] = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    const length = shape.reduce((a, b) => a * b, 1)
    return tensor({ key, storage, length, shape, strides: contiguousStrides(shape) })
  }

  stateDict(model: Model, naming: NamingName, prefix = '', more: [string, Part][] = []): Part {
    const weights = Object.entries(model.weights).map(([name, { shape, data }]): [string, Part] => [
      prefix + translateKey(namings.canonical, namings[naming], name),
      this.tensor(shape, data),
    ])
    return this.dict([...more, ...weights])
  }

  counter(value: number): Part {
    return this.tensor([], BigInt64Array.of(BigInt(value)), 'LongStorage')
  }

  dict(entries: [string, Part][]): Part {
    return [op.emptyDict, op.mark, ...entries.map(([key, value]) => [op.string(key), value]), op.setItems]
  }

  read(value: Part, root?: string): Checkpoint {
    const file = torchZip(bytesOf(op.proto(2), value, op.stop), this.#storages)
    return readCheckpoint(file, root === undefined ? {} : { root })
  }
}

describe('averaged weights', () => {
  const [averaged, raw] = [small(1), small(2)]

  it("of mmengine's EMAHook are those of `state_dict`, and the others can be asked for", () => {
    const file = new TorchFile()
    const saved = file.dict([
      ['meta', file.dict([])],
      ['state_dict', file.stateDict(averaged, 'mmpretrain')],
      ['ema_state_dict', file.stateDict(raw, 'mmpretrain', 'module.', [['steps', file.counter(40)]])],
    ])
    const read = file.read(saved)
    expect(read.root).toBe('state_dict')
    expect(modelFromCheckpoint(read).weights).toEqual(averaged.weights)
    const other = modelFromCheckpoint(file.read(saved, 'ema_state_dict'))
    expect(other.weights).toEqual(raw.weights)
  })

  it("of torchvision's training script, AveragedModel's names and counter", () => {
    const file = new TorchFile()
    const counter: [string, Part][] = [['n_averaged', file.counter(7)]]
    const read = file.read(
      file.dict([
        ['model', file.stateDict(raw, 'apple')],
        ['model_ema', file.stateDict(averaged, 'apple', 'module.', counter)],
      ]),
    )
    expect(read.root).toBe('model_ema')
    expect(modelFromCheckpoint(read).weights).toEqual(averaged.weights)
  })

  it('of an AveragedModel by itself, around a parallel one too', () => {
    for (const prefix of ['module.', 'module.module.']) {
      const file = new TorchFile()
      const read = file.read(file.stateDict(averaged, 'timm', prefix, [['n_averaged', file.counter(7)]]))
      expect(inspectCheckpoint(read).prefix).toBe(prefix)
      expect(modelFromCheckpoint(read).weights).toEqual(averaged.weights)
    }
  })

  it('under `ema_state_dict` as other programs save them come first', () => {
    const file = new TorchFile()
    const read = file.read(
      file.dict([
        ['state_dict', file.stateDict(raw, 'timm')],
        ['ema_state_dict', file.stateDict(averaged, 'timm')],
      ]),
    )
    expect(modelFromCheckpoint(read).weights).toEqual(averaged.weights)
  })

  it('with a counter where no averaged model puts one are refused', () => {
    const file = new TorchFile()
    const read = file.read(file.stateDict(averaged, 'timm', 'module.', [['module.steps', file.counter(1)]]))
    expect(() => modelFromCheckpoint(read)).toThrowError(/1 not part of the network: module\.steps/)
  })
})

describe('the width of squeeze-and-excite', () => {
  it('is read from the shapes, in both forms, and written back', () => {
    const stages = [
      { blocks: 2, channels: 32, stride: 2, branches: 2, squeezeExcite: 2, squeezeChannels: [2, 8, 8, 5] },
      { blocks: 1, channels: 48, stride: 2, branches: 1, squeezeExcite: 1 },
    ]
    const model = small(3, { stages })
    for (const one of [model, reparameterize(model)]) {
      const read = modelFromCheckpoint(readCheckpoint(toSafetensors(one, { naming: 'mmpretrain' })))
      expect(read.config?.stages.map(({ squeezeChannels }) => squeezeChannels)).toEqual([
        [2, 8, 8, 5],
        undefined,
      ])
      expect(read.weights).toEqual(one.weights)
    }
    expect(() => small(1, { stages: [{ ...stages[0]!, squeezeChannels: [8] }] })).toThrowError(
      /squeezeChannels must have one number for each of the 4 blocks/,
    )
  })
})

describe("PyTorch's batch counters", () => {
  const bnNames = Object.keys(small(1).weights).flatMap((name) =>
    name.endsWith('.running_var') ? [name.replace('running_var', 'num_batches_tracked')] : [],
  )

  function read(counts: (index: number) => number): Model {
    const file = new TorchFile()
    const counters = bnNames.map((name, index): [string, Part] => [
      translateKey(namings.canonical, namings.timm, name)!,
      file.counter(counts(index)),
    ])
    return modelFromCheckpoint(file.read(file.stateDict(small(1), 'timm', '', counters)))
  }
  const written = (model: Model): Map<string, bigint> =>
    new Map(
      [...readCheckpoint(toSafetensors(model, { naming: 'timm' })).tensors]
        .filter(([name]) => name.endsWith('num_batches_tracked'))
        .map(([name, { storage }]) => [name, new DataView(storage.slice().buffer).getBigInt64(0, true)]),
    )

  it('are kept through our own file too', () => {
    const model = read(() => 123_456)
    expect(model.card?.training).toEqual({ batchesTracked: 123_456 })
    const again = modelFromCheckpoint(readCheckpoint(toSafetensors(model)))
    for (const one of [model, again]) {
      expect([...written(one).values()]).toEqual(Array(bnNames.length).fill(123_456n))
    }
  })

  it('are kept one by one where they differ', () => {
    const counts = written(read((index) => index + 1))
    expect(bnNames.map((name) => counts.get(translateKey(namings.canonical, namings.timm, name)!))).toEqual(
      bnNames.map((_, index) => BigInt(index + 1)),
    )
  })

  it('are 0 where nothing is known', () => {
    expect(read(() => 0).card?.training).toBeUndefined()
    expect(new Set(written(small(1)).values())).toEqual(new Set([0n]))
  })
})

describe('strides that nothing tells', () => {
  const warnings = (file: Checkpoint, options = {}): string[] => {
    const heard: string[] = []
    modelFromCheckpoint(file, { ...options, onWarning: (message) => heard.push(message) })
    expect(inspectCheckpoint(file, options).assumptions).toEqual(heard)
    return heard
  }
  const foreign = (model: Model): Checkpoint => {
    const file = readCheckpoint(toSafetensors(model, { naming: 'apple' }))
    return { ...file, metadata: new Map() }
  }
  const stages = [{ ...config.stages[0]!, stride: 1 }]

  it('are said to be assumed', () => {
    const model = small(1, { stages, stem: { ...config.stem, stride: 1 } })
    const [folded] = warnings(foreign(reparameterize(model)))
    expect(folded).toContain(
      'strides are assumed, for nothing in the file tells: 2 of the stem, 2 of stage 1;',
    )
    expect(folded).toContain('Give `strides`')
    expect(warnings(foreign(model))[0]).toContain('nothing in the file tells: 2 of the stem;')
    expect(warnings(foreign(model), { strides: { stem: 1 } })).toEqual([])
    expect(warnings(foreign(reparameterize(model)), { strides: { stem: 1, stages: [1] } })).toEqual([])
  })

  it('are said to be assumed in train form, where a stride of 4 looks as one of 2', () => {
    const of = (stride: number): Checkpoint =>
      foreign(small(1, { stages: [{ ...config.stages[0]!, stride }] }))
    for (const stride of [2, 4]) {
      expect(warnings(of(stride))).toEqual([
        expect.stringContaining(
          'strides are assumed, for nothing in the file tells: 2 of the stem, 2 of stage 1;',
        ),
      ])
      expect(warnings(of(stride), { strides: { stem: 2 } })).toEqual([
        expect.stringContaining('nothing in the file tells: 2 of stage 1;'),
      ])
      expect(warnings(of(stride), { strides: { stem: 2, stages: [stride] } })).toEqual([])
    }
    const s0 = mobileone({ ...variants.s0, classes: 7 }, { form: 'train' })
    expect(warnings(foreign(initialize(s0, { seed: 1 })))).toEqual([])
  })

  it('are not where our own file carries them, or the network is a released one', () => {
    const model = small(1, { stages, stem: { ...config.stem, stride: 1 } })
    for (const one of [model, reparameterize(model)]) {
      const read = readCheckpoint(toSafetensors(one, { naming: 'apple' }))
      expect(warnings(read)).toEqual([])
      expect(modelFromCheckpoint(read).config?.stem.stride).toBe(1)
    }
    const s0 = mobileone(variants.s0, { form: 'deploy' })
    const nothing = { dtype: 'float32', strides: [], offset: 0, storage: new Uint8Array() } as const
    const tensors = new Map(
      Object.entries(s0.weights).map(([name, { shape }]) => [name, { ...nothing, shape }]),
    )
    const released: Checkpoint = { format: 'safetensors', root: '', tensors, metadata: new Map(), notes: [] }
    expect(inspectCheckpoint(released).assumptions).toEqual([])
  })
})

describe('weights that are not finite', () => {
  it('are read as they are, found and named', () => {
    const model = small(1)
    const name = 'stage1.0.conv.1.weight'
    const data = (model.weights[name]!.data as Float32Array).slice()
    data[5] = Number.NaN
    data[9] = Number.NEGATIVE_INFINITY
    const damaged: Model = {
      ...model,
      weights: { ...model.weights, [name]: { ...model.weights[name]!, data } as never },
    }
    expect(findNonFinite(model)).toEqual([])
    const read = modelFromCheckpoint(readCheckpoint(toSafetensors(damaged)))
    expect(findNonFinite(read)).toEqual([{ weight: name, value: Number.NaN, index: 5, count: 2 }])
    refuseNonFinite(model, 'it cannot be exported')
    try {
      refuseNonFinite(read, 'it cannot be exported')
      expect.unreachable()
    } catch (error) {
      expect(isMobileOneError(error) && error.code).toBe('invalid-model')
      expect((error as Error).message).toContain(
        `it cannot be exported: weight "${name}" of model "small" holds NaN (element 5; 2 that are not finite in all)`,
      )
    }
  })
})
