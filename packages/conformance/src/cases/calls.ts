import {
  type Executor,
  floatWeights,
  type Model,
  random,
  type Tensor,
  type Tensors,
  tensor,
  withOutputs,
} from '@mobileone/core'
import { findDifference } from '../compare.ts'
import type { Context } from '../context.ts'
import type { Definition } from '../definition.ts'
import { normalInputs } from '../make-model.ts'
import { expectedOutputs } from '../trial.ts'
import { expectRejection, expectThat, sleep } from './expect.ts'
import { slowModel, smallModel, smallModelOps } from './networks.ts'

type Body = (context: Context, executor: Executor, model: Model) => Promise<void>

/** A case with an executor of the small network, disposed at the end. */
function withExecutor(name: string, body: Body, make: () => Model = smallModel): Definition {
  return {
    name,
    ops: smallModelOps,
    async run(context) {
      const model = make()
      const executor = await context.backend.compile(model)
      try {
        await body(context, executor, model)
      } finally {
        await executor.dispose()
      }
    },
  }
}

const inputsFor = (model: Model, seed: number): Tensors => normalInputs(model, random(seed))

function copyOf(tensors: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [name, tensor([...shape], data.slice())]),
  )
}

async function expectRun(context: Context, executor: Executor, model: Model, seed: number): Promise<void> {
  const inputs = inputsFor(model, seed)
  const problem = findDifference(
    await executor.run(inputs),
    await expectedOutputs(model, inputs),
    context.tolerance,
  )
  expectThat(problem === undefined, `inputs of seed ${seed}: ${problem}`)
}

function withBatchAndTaps(): Model {
  const model = smallModel(2)
  return withOutputs(model, {
    logits: 'head',
    again: 'head',
    pool: 'pool',
    given: 'image',
    stem: 'stem.relu',
  })
}

/** What a call may and may not do: inputs, outputs, queueing, wrong arguments, aborting. */
export const callCases: readonly Definition[] = [
  withExecutor('run: inputs are left as they were', async (_, executor, model) => {
    const inputs = inputsFor(model, 1)
    const before = copyOf(inputs)
    await executor.run(inputs)
    const problem = findDifference(inputs, before, 0)
    expectThat(problem === undefined, `a run changed its input: ${problem}`)
  }),
  {
    name: 'compile: weights are left as they were, and are not read again later',
    ops: smallModelOps,
    async run(context) {
      const model = smallModel()
      const before = copyOf(floatWeights(model))
      const inputs = inputsFor(model, 2)
      const wanted = await expectedOutputs(model, inputs)
      const executor = await context.backend.compile(model)
      try {
        await executor.run(inputs)
        const problem = findDifference(floatWeights(model), before, 0)
        expectThat(problem === undefined, `compiling or running changed a weight: ${problem}`)
        const second = await context.backend.compile(model)
        await second.dispose()
        const later = findDifference(await executor.run(inputs), wanted, context.tolerance)
        expectThat(later === undefined, `after another executor of the model was disposed: ${later}`)
      } finally {
        await executor.dispose()
      }
    },
  },
  withExecutor(
    "run: outputs are the caller's",
    async (context, executor, model) => {
      const inputs = inputsFor(model, 3)
      const first = await executor.run(inputs)
      const kept = copyOf(first)
      await executor.run(inputsFor(model, 4))
      const problem = findDifference(first, kept, 0)
      expectThat(problem === undefined, `a later run overwrote an output: ${problem}`)

      const buffers = [...Object.values(first), ...Object.values(inputs)].map(({ data }) => data.buffer)
      expectThat(new Set(buffers).size === buffers.length, 'outputs share memory with each other or an input')
      for (const { data } of Object.values(first)) data.fill(Number.NaN)
      await expectRun(context, executor, model, 3)
    },
    withBatchAndTaps,
  ),
  withExecutor('run: the same input gives the same bits', async (_, executor, model) => {
    const inputs = inputsFor(model, 5)
    const first = await executor.run(inputs)
    await executor.run(inputsFor(model, 6))
    const problem = findDifference(await executor.run(inputs), first, 0)
    expectThat(problem === undefined, `the third run differs from the first: ${problem}`)
  }),
  withExecutor('run: NaN leaves nothing behind', async (context, executor, model) => {
    const inputs = inputsFor(model, 7)
    for (const { data } of Object.values(inputs)) data.fill(Number.NaN)
    await executor.run(inputs)
    await expectRun(context, executor, model, 8)
  }),
  withExecutor('run: calls queue and settle in order', async (context, executor, model) => {
    const settled: number[] = []
    const seeds = [10, 11, 12, 13, 14, 15]
    const given = seeds.map((seed) => inputsFor(model, seed))
    const results = await Promise.all(
      given.map(async (inputs, index) => {
        const outputs = await executor.run(inputs)
        settled.push(index)
        return outputs
      }),
    )
    expectThat(settled.join() === '0,1,2,3,4,5', `six calls settled in the order ${settled}`)
    for (const [index, outputs] of results.entries()) {
      const wanted = await expectedOutputs(model, given[index] as Tensors)
      const problem = findDifference(outputs, wanted, context.tolerance)
      expectThat(problem === undefined, `call ${index} of six, inputs of seed ${seeds[index]}: ${problem}`)
    }
  }),
  {
    name: 'run: executors side by side do not disturb each other',
    ops: smallModelOps,
    async run(context) {
      const models = [smallModel(1, 41), smallModel(2, 42), smallModel(1, 43)]
      const executors = await Promise.all(models.map((model) => context.backend.compile(model)))
      try {
        for (let round = 0; round < 3; round++) {
          await Promise.all(
            executors.map((executor, index) =>
              expectRun(context, executor, models[index] as Model, 100 + 10 * round + index),
            ),
          )
        }
        await executors[0]?.dispose()
        await expectRun(context, executors[1] as Executor, models[1] as Model, 140)
      } finally {
        await Promise.all(executors.map((executor) => executor.dispose()))
      }
    },
  },
  withExecutor(
    'run: wrong inputs are refused, and the next run is right',
    async (context, executor, model) => {
      const good = inputsFor(model, 20)
      const image = good.image as Tensor
      const count = image.data.length
      const wrong: Readonly<Record<string, unknown>> = {
        'no input': {},
        'another name': { picture: image },
        'one input too many': { ...good, extra: image },
        'a name of every object': { ...good, toString: image },
        'another rank': { image: tensor([count], image.data) },
        'another size': { image: tensor([1, 3, 29, 33], image.data) },
        'another batch': { image: tensor([2, ...image.shape.slice(1)]) },
        'fewer elements than the shape says': { image: { ...image, data: image.data.subarray(1) } },
        float64: { image: { ...image, dtype: 'float64', data: Float64Array.from(image.data) } },
        uint8: { image: { ...image, data: Uint8Array.from(image.data) } },
        'a plain array': { image: { ...image, data: [...image.data] } },
      }
      for (const [what, inputs] of Object.entries(wrong)) {
        await expectRejection(executor.run(inputs as Tensors), ['invalid-input'], `a run with ${what}`)
      }
      await expectRun(context, executor, model, 20)
    },
  ),
  {
    name: 'abort: compiling with an aborted signal',
    ops: smallModelOps,
    async run({ backend }) {
      const signal = AbortSignal.abort(new Error('enough'))
      const compiling = backend.compile(smallModel(), { signal })
      expectReason(await expectRejection(compiling, ['aborted'], 'compile with an aborted signal'))
    },
  },
  withExecutor('abort: before a run', async (context, executor, model) => {
    const signal = AbortSignal.abort(new Error('enough'))
    const run = executor.run(inputsFor(model, 22), { signal })
    expectReason(await expectRejection(run, ['aborted'], 'a run with an aborted signal'))
    await expectRun(context, executor, model, 23)
  }),
  withExecutor('abort: a queued run, and no other', async (context, executor, model) => {
    const controller = new AbortController()
    const inputs = inputsFor(model, 24)
    const first = executor.run(inputs)
    const second = executor.run(inputs, { signal: controller.signal })
    const third = executor.run(inputs)
    controller.abort(new Error('enough'))
    expectReason(await expectRejection(second, ['aborted'], 'a queued run whose signal was aborted'))
    const wanted = await expectedOutputs(model, inputs)
    for (const [name, run] of Object.entries({ first, third })) {
      const problem = findDifference(await run, wanted, context.tolerance)
      expectThat(problem === undefined, `the ${name} of three runs: ${problem}`)
    }
  }),
  {
    name: 'abort: between the steps of a run',
    ops: smallModelOps,
    async run(context) {
      const { executor, model, milliseconds } = await compileSlow(context)
      const inputs = inputsFor(model, 26)
      try {
        const wanted = await executor.run(inputs)
        const whole: number[] = []
        const aborted: number[] = []
        const endedBefore = (part: number): boolean => Math.min(...aborted) < part * Math.min(...whole)
        for (let attempt = 0; attempt < 4 && !endedBefore(0.5); attempt++) {
          const controller = new AbortController()
          let started = performance.now()
          const run = executor.run(inputs, { signal: controller.signal })
          setTimeout(() => controller.abort(new Error('enough')), milliseconds / 8)
          const what = `a run of ${milliseconds.toFixed()} ms aborted at an eighth`
          expectReason(await expectRejection(run, ['aborted'], what))
          aborted.push(performance.now() - started)
          started = performance.now()
          const problem = findDifference(await executor.run(inputs), wanted, context.tolerance)
          whole.push(performance.now() - started)
          expectThat(problem === undefined, `the run after an aborted one: ${problem}`)
        }
        expectThat(
          endedBefore(0.8),
          `runs aborted at an eighth took ${aborted.map(Math.round)} ms, whole ones ${whole.map(Math.round)} ms`,
        )
      } finally {
        await executor.dispose()
      }
    },
  },
]

function expectReason(error: Error): void {
  const { cause } = error
  expectThat(
    cause instanceof Error && cause.message === 'enough',
    `the cause of an abort must be the reason of its signal, not ${cause}`,
  )
}

/** An executor one of whose runs takes long enough to be aborted in the middle. */
async function compileSlow(
  context: Context,
): Promise<{ readonly executor: Executor; readonly model: Model; readonly milliseconds: number }> {
  const [wanted, largest] = [150, 256]
  for (let scale = 1; ; ) {
    const model = slowModel(scale)
    const executor = await context.backend.compile(model)
    try {
      const inputs = inputsFor(model, 25)
      await executor.run(inputs)
      let milliseconds = Number.POSITIVE_INFINITY
      for (let round = 0; round < 3; round++) {
        const started = performance.now()
        await executor.run(inputs)
        milliseconds = Math.min(milliseconds, performance.now() - started)
      }
      if (milliseconds > wanted || scale >= largest) return { executor, model, milliseconds }
      scale = Math.min(largest, Math.ceil(scale * Math.max(1.5, (1.2 * wanted) / milliseconds)))
    } catch (error) {
      await executor.dispose()
      throw error
    }
    await executor.dispose()
    await sleep(0)
  }
}
