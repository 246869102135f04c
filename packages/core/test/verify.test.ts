import { describe, expect, it, vi } from 'vitest'
import {
  type Backend,
  compileFirst,
  type Executor,
  initialize,
  type Model,
  mobileone,
  type Progress,
  reference,
  type Tensors,
  tensor,
  verified,
} from '../src/index.ts'

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
      const bias = given.weights[`${name}.bias`]
      if (!bias) return given
      const data = bias.data.slice()
      data[0] = (data[0] as number) + by
      return { ...given, weights: { ...given.weights, [`${name}.bias`]: tensor(bias.shape, data) } }
    },
  })

describe('verified', () => {
  it('lets a right backend through, with its own executor and progress', async () => {
    const progress: Progress[] = []
    const compile = vi.fn(reference().compile)
    const executor = await verified({ ...reference(), compile }).compile(model, {
      onProgress: (step) => progress.push(step),
    })
    expect(executor.inputs.image?.shape).toEqual([1, 3, 80, 80])
    expect(progress).toEqual([
      { phase: 'verify', done: 0, total: 1 },
      { phase: 'verify', done: 1, total: 1 },
    ])
    expect(compile).toHaveBeenCalledTimes(2)
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
            `^wrong: this machine computes node "${name}" of model "small" wrongly, off by up to 0\\.50 where 0\\.\\d+ is allowed; update`,
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
