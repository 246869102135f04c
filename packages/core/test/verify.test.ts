import { describe, expect, it, vi } from 'vitest'
import {
  type Backend,
  compileFirst,
  type Executor,
  floatWeight,
  initialize,
  type Model,
  mobileone,
  type Progress,
  type QuantizedTensor,
  quantize,
  random,
  reference,
  type Tensor,
  type Tensors,
  tensor,
  verified,
} from '../src/index.ts'
import { graph } from './graphs.ts'

/** Larger than the check, which cuts it to 64 x 64. */
const model: Model = initialize(
  mobileone(
    {
      name: 'small',
      input: { channels: 3, size: [80, 80] },
      stem: { channels: 8, stride: 2, branches: 1 },
      stages: [
        { blocks: 1, channels: 16, stride: 2, branches: 1, squeezeExcite: 0 },
        { blocks: 2, channels: 24, stride: 2, branches: 1, squeezeExcite: 1 },
      ],
      classes: 10,
    },
    { form: 'deploy' },
  ),
  { seed: 3, statistics: 'random' },
)

interface Wrong extends Backend {
  /** Executors not yet disposed. */
  alive: number
}

/** The reference with the outputs, or the model, put wrong. */
function wrong(change: {
  outputs?(outputs: Tensors, shown: Model): Tensors
  model?(given: Model): Model
}): Wrong {
  const right = reference()
  const backend: Wrong = {
    ...right,
    name: 'wrong',
    alive: 0,
    async compile(given, options): Promise<Executor> {
      const executor = await right.compile(change.model?.(given) ?? given, options)
      backend.alive++
      return {
        ...executor,
        async run(inputs, runOptions) {
          const outputs = await executor.run(inputs, runOptions)
          return change.outputs?.(outputs, given) ?? outputs
        },
        async dispose() {
          backend.alive--
          await executor.dispose()
        },
      }
    },
  }
  return backend
}

/** One bias of one node is off. */
const oneBias = (name: string, by: number): Wrong =>
  wrong({
    model: (given) => {
      const key = `${name}.bias`
      if (!given.weights[key]) return given
      const bias = floatWeight(given, key)
      const data = bias.data.slice()
      data[0] = (data[0] as number) + by
      return { ...given, weights: { ...given.weights, [key]: tensor(bias.shape, data) } }
    },
  })

describe('the int8 form', async () => {
  const samples = Array.from({ length: 2 }, (_, seed) => {
    const source = random(seed)
    return {
      image: tensor(
        [1, 3, 80, 80],
        Float32Array.from({ length: 19_200 }, () => source.normal()),
      ),
    }
  })
  const { model: int8 } = await quantize(model, { samples })
  const change = (edit: (weight: QuantizedTensor) => QuantizedTensor, only?: string): Wrong =>
    wrong({
      model: (given) => ({
        ...given,
        weights: Object.fromEntries(
          Object.entries(given.weights).map(([name, weight]) => [
            name,
            weight.dtype === 'int8' && (only ?? name) === name ? edit(weight) : weight,
          ]),
        ),
      }),
    })

  it('lets integers through, and a backend that keeps to float32', async () => {
    await (await verified(reference()).compile(int8)).dispose()
    await (await verified(reference({ precision: 'float32' })).compile(int8)).dispose()
  })

  it('finds a layer in integers whose last bit is another', async () => {
    const backend = change(
      (weight) => ({ ...weight, scales: weight.scales.map((scale) => scale * (1 + 2e-7)) }),
      'stage2.1.weight',
    )
    await expect(verified(backend).compile(int8)).rejects.toThrow(
      /node "stage2\.1" of model "small" in int8 wrongly, off by up to \S+ where 0\.0 is allowed/,
    )
    expect(backend.alive).toBe(0)
  })

  it('finds integers passed off as float32, and the other way about', async () => {
    const floats: Backend = {
      ...reference(),
      compile: async (given, options) => {
        const executor = await reference({ precision: 'float32' }).compile(given, options)
        return { ...executor, precision: 'int8' }
      },
    }
    await expect(verified(floats).compile(int8)).rejects.toThrow(/in int8 wrongly/)
    const integers: Backend = {
      ...reference(),
      compile: async (given, options) => {
        const executor = await reference().compile(given, options)
        return { ...executor, precision: 'float32' }
      },
    }
    await expect(verified(integers).compile(int8)).rejects.toMatchObject({ code: 'wrong-result' })
  })

  it('holds stored outputs of a network in integers to its own tolerance', async () => {
    const inputs = samples[0] as Tensors
    await using exact = await reference().compile(int8)
    const outputs = await exact.run(inputs)
    const off = (by: number): Tensors => {
      const { shape, data } = outputs.logits as Tensor
      const most = Math.max(1, ...data.map(Math.abs))
      return {
        logits: tensor(
          shape,
          data.map((value) => value + by * most),
        ),
      }
    }
    await (await verified(reference(), { inputs, outputs: off(0.1) }).compile(int8)).dispose()
    await expect(verified(reference(), { inputs, outputs: off(0.3) }).compile(int8)).rejects.toThrow(
      /of the stored output/,
    )
  })
})

describe('verified', () => {
  it('lets a right backend through, with its own executor and progress', async () => {
    const progress: Progress[] = []
    const compile = vi.fn(reference().compile)
    const executor = await verified({ ...reference(), compile }).compile(model, {
      onProgress: (step) => progress.push(step),
    })
    expect(executor.inputs.image?.shape).toEqual([1, 3, 80, 80])
    expect(progress).toEqual([0, 1, 2].map((done) => ({ phase: 'verify', done, total: 2 })))
    expect(compile).toHaveBeenCalledTimes(3)
    await executor.dispose()
  })

  it.each(['stem', 'stage2.3', 'head'])(
    'names the node %s, how far it is off, and what is allowed',
    async (name) => {
      const backend = oneBias(name, 0.5)
      await expect(verified(backend).compile(model)).rejects.toMatchObject({
        code: 'wrong-result',
        message: expect.stringMatching(
          new RegExp(
            `^wrong: this machine computes node "${name}" of model "small" wrongly, off by up to 0\\.50 where \\d\\S* is allowed; update`,
          ),
        ),
      })
      expect(backend.alive).toBe(0)
    },
  )

  it('takes the precision a backend states for no fault', async () => {
    const backend = { ...oneBias('stem', 1e-2), tolerance: 5e-2 }
    await (await verified(backend).compile(model)).dispose()
    await expect(verified({ ...backend, tolerance: 1e-6 }).compile(model)).rejects.toMatchObject({
      code: 'wrong-result',
    })
  })

  it('finds NaN, and a fault that only the whole network shows', async () => {
    const nan = wrong({
      outputs: (outputs) =>
        Object.fromEntries(
          Object.entries(outputs).map(([name, { shape, data }]) => [
            name,
            tensor(
              shape,
              data.map(() => Number.NaN),
            ),
          ]),
        ),
    })
    await expect(verified(nan).compile(model)).rejects.toThrow(/node "stem".*off by up to Infinity/)
    const fused = wrong({
      outputs: (outputs, shown) =>
        shown.nodes.length === Object.keys(shown.outputs).length
          ? outputs
          : { logits: tensor([1, 10], new Float32Array(10)) },
    })
    await expect(verified(fused).compile(model)).rejects.toThrow(
      /output "logits".*though each node alone is right/,
    )
    expect(fused.alive).toBe(0)
  })

  it('finds outputs that are missing or of another shape', async () => {
    const missing = wrong({ outputs: () => ({}) })
    await expect(verified(missing).compile(model)).rejects.toThrow(/node "stem".*, which did not come out;/)
    const turned = wrong({ outputs: () => ({ logits: tensor([10, 1]) }) })
    await expect(verified(turned).compile(model)).rejects.toMatchObject({ code: 'wrong-result' })
    expect(missing.alive + turned.alive).toBe(0)
  })

  it('compares stored outputs at the size of the model', async () => {
    const inputs = { image: tensor([1, 3, 80, 80], new Float32Array(19200).fill(0.1)) }
    await using exact = await reference().compile(model)
    const outputs = await exact.run(inputs)
    const compile = vi.fn(reference().compile)
    await (await verified({ ...reference(), compile }, { inputs, outputs }).compile(model)).dispose()
    expect(compile).toHaveBeenCalledTimes(1)

    const zeros = { inputs, outputs: { logits: tensor([1, 10]) } }
    await expect(verified(reference(), zeros).compile(model)).rejects.toThrow(
      /output "logits".*of the stored output/,
    )
    await expect(
      verified(reference(), { ...zeros, tolerance: 100 })
        .compile(model)
        .then((executor) => executor.dispose()),
    ).resolves.toBeUndefined()
    await expect(
      verified(reference(), { inputs, outputs: { other: tensor([1]) } }).compile(model),
    ).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('it has "logits" 1x10'),
    })
  })

  /** Executors of the reference whose runs `change` may spoil, knowing how many went before on the same executor. */
  const spoilt = (
    change: (call: {
      readonly outputs: Tensors
      readonly inputs: Tensors
      readonly run: number
      readonly before: readonly Tensors[]
    }) => Tensors,
  ): Wrong => {
    const backend = wrong({})
    const { compile } = backend
    backend.compile = async (given, options) => {
      const executor = await compile(given, options)
      const before: Tensors[] = []
      return {
        ...executor,
        async run(inputs, runOptions) {
          const outputs = await executor.run(inputs, runOptions)
          const changed = change({ outputs, inputs, run: before.length, before })
          before.push(outputs)
          return changed
        },
      }
    }
    return backend
  }
  const changed = (outputs: Tensors, change: (value: number) => number): Tensors =>
    Object.fromEntries(
      Object.entries(outputs).map(([name, { shape, data }]) => [name, tensor(shape, data.map(change))]),
    )
  const zeros = (outputs: Tensors): Tensors => changed(outputs, () => 0)
  const shapeOf = (inputs: Tensors): readonly number[] => (Object.values(inputs)[0] as Tensor).shape
  const has = (inputs: Tensors, test: (value: number) => boolean): boolean =>
    (Object.values(inputs)[0] as Tensor).data.some(test)

  it.each<[string, Wrong, RegExp]>([
    [
      'at odd sizes',
      spoilt(({ outputs, inputs }) => ((shapeOf(inputs)[2] ?? 0) % 2 === 1 ? zeros(outputs) : outputs)),
      /wrongly/,
    ],
    [
      'above 64 pixels a side',
      spoilt(({ outputs, inputs }) =>
        (shapeOf(inputs)[2] ?? 0) > 64 && (shapeOf(inputs)[3] ?? 0) > 64 ? zeros(outputs) : outputs,
      ),
      /wrongly/,
    ],
    [
      'for more than one image at once',
      spoilt(({ outputs, inputs }) => ((shapeOf(inputs)[0] ?? 0) > 1 ? zeros(outputs) : outputs)),
      /wrongly/,
    ],
    [
      'after several runs',
      spoilt(({ outputs, run }) => (run >= 5 ? zeros(outputs) : outputs)),
      /in run \d+, though an earlier run of the same input was right/,
    ],
    [
      'when inputs alternate: the output of the run before',
      spoilt(({ outputs, before }) => before.at(-1) ?? outputs),
      /in run 2, though each node alone is right/,
    ],
    [
      'when inputs alternate: the first output for ever',
      spoilt(({ outputs, before }) => before[0] ?? outputs),
      /in run 2, though each node alone is right/,
    ],
    [
      'by 1e-4 of the output',
      spoilt(({ outputs }) => changed(outputs, (value) => value + 1e-4 * Math.max(1, Math.abs(value)))),
      /off by up to/,
    ],
    [
      'where NaN is lost',
      spoilt(({ outputs, inputs }) => (has(inputs, Number.isNaN) ? zeros(outputs) : outputs)),
      /a number in place of NaN/,
    ],
    [
      'after a run with NaN',
      spoilt(({ outputs, before }) =>
        before.some((old) => Object.values(old).some(({ data }) => data.some(Number.isNaN)))
          ? zeros(outputs)
          : outputs,
      ),
      /though an earlier run of the same input was right/,
    ],
    [
      'when a later run overwrites the outputs of an earlier one',
      (() => {
        const shared = new Map<string, Float32Array>()
        return spoilt(({ outputs }) =>
          Object.fromEntries(
            Object.entries(outputs).map(([name, { shape, data }]) => {
              const key = `${name} ${data.length}`
              const memory = shared.get(key) ?? data
              shared.set(key, memory)
              memory.set(data)
              return [name, tensor(shape, memory)]
            }),
          ),
        )
      })(),
      /wrongly/,
    ],
  ])('finds a backend that is wrong %s', async (_, backend, message) => {
    await expect(verified(backend).compile(model)).rejects.toMatchObject({
      code: 'wrong-result',
      message: expect.stringMatching(message),
    })
    expect(backend.alive).toBe(0)
  })

  it('does not ask for NaN where the backend says that it may lose it', async () => {
    const backend = spoilt(({ outputs, inputs }) => (has(inputs, Number.isNaN) ? zeros(outputs) : outputs))
    await (await verified({ ...backend, nan: 'unspecified' }).compile(model)).dispose()
  })

  it('takes a network of one size only', async () => {
    const fixed = graph(
      2,
      [
        { op: 'flatten', name: 'f', inputs: ['x'] },
        { op: 'linear', name: 'l', inputs: ['f'], weight: 'w' },
      ],
      { w: [3, 2 * 9 * 9] },
      { y: 'l' },
    )
    await (await verified(reference()).compile(initialize(fixed, { seed: 1 }))).dispose()
  })

  it('can be aborted', async () => {
    const backend = oneBias('stem', 0)
    const abort = new AbortController()
    const compiling = verified(backend).compile(model, {
      signal: abort.signal,
      onProgress: () => abort.abort(),
    })
    await expect(compiling).rejects.toMatchObject({ code: 'aborted' })
    expect(backend.alive).toBe(0)
  })
})

describe('compileFirst', () => {
  it('passes over a backend that computes wrongly, and says so', async () => {
    const refusals: unknown[] = []
    const backend = oneBias('stage2.3', 0.5)
    const executor = await compileFirst(model, [backend, reference], {
      verify: true,
      onRefusal: (refusal) => refusals.push(refusal),
    })
    expect(executor.backend).toBe('reference')
    expect(refusals).toEqual([
      { backend: 'wrong', reason: expect.stringMatching(/^this machine computes node "stage2.3"/) },
    ])
    expect(backend.alive).toBe(0)
    await executor.dispose()
  })

  it('has a code of its own where every backend computes wrongly', async () => {
    await expect(compileFirst(model, [oneBias('stem', 1)], { verify: true })).rejects.toMatchObject({
      code: 'wrong-result',
      cause: { code: 'wrong-result' },
    })
    const silent = await compileFirst(model, [oneBias('stem', 1)])
    await silent.dispose()
  })

  it('makes backends when their turn comes, and lists those that cannot be loaded', async () => {
    const later = vi.fn(reference)
    const missing = async (): Promise<Backend> => Promise.reject(new Error("Cannot find package 'gpu'"))
    await (await compileFirst(model, [missing, reference(), later])).dispose()
    expect(later).not.toHaveBeenCalled()
    await expect(compileFirst(model, [missing])).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining("missing: cannot be loaded: Cannot find package 'gpu'"),
    })
  })
})
