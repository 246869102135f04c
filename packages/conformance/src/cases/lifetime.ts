import {
  type Executor,
  elementCount,
  MobileOneError,
  type Model,
  type Progress,
  random,
  withOutputs,
} from '@mobileone/core'
import { findDifference } from '../compare.ts'
import type { Definition } from '../definition.ts'
import { normalInputs } from '../make-model.ts'
import { expectedOutputs } from '../trial.ts'
import { expectRejection, expectThat } from './expect.ts'
import { smallModel, smallModelOps } from './networks.ts'

/** How to tell whether memory stays flat; units are the hook's own (bytes, tensors, buffers). */
export interface MemoryHook {
  /** What is held now, after garbage was collected. */
  measure(): number | Promise<number>
  /** The most it may grow in all cycles together. */
  readonly allowance: number
  /** Cycles of compile, run and dispose between the two measurements. Default 50. */
  readonly cycles?: number
}

const inputsFor = (model: Model, seed: number): ReturnType<typeof normalInputs> =>
  normalInputs(model, random(seed))

/** From the probe to the end: what an executor says of itself, disposing, refusing, memory. */
export function lifetimeCases(
  memory: MemoryHook | undefined,
  trialModels: () => readonly (readonly Model[])[],
): readonly Definition[] {
  return [
    {
      name: 'probe: this machine is accepted, with features',
      ops: [],
      async run({ backend }) {
        expectThat(backend.specVersion === 1, `specVersion is ${backend.specVersion}, not 1`)
        expectThat(backend.name !== '', 'the backend has no name')
        const probe = await backend.probe()
        expectThat(probe.ok, `the probe refused: ${probe.ok ? '' : probe.reason}`)
        expectThat(
          probe.features.every((feature) => typeof feature === 'string' && feature !== ''),
          `features must be words, not ${JSON.stringify(probe.features)}`,
        )
      },
    },
    {
      name: 'compile: progress counts up',
      ops: smallModelOps,
      async run({ backend }) {
        const seen: Progress[] = []
        const executor = await backend.compile(smallModel(), {
          onProgress: (progress) => seen.push(progress),
        })
        await executor.dispose()
        const last = new Map<string, number>()
        for (const { phase, done, total } of seen) {
          expectThat(
            done >= (last.get(phase) ?? 0),
            `"${phase}" went from ${last.get(phase)} back to ${done}`,
          )
          expectThat(total === undefined || done <= total, `"${phase}" is at ${done} of ${total}`)
          last.set(phase, done)
        }
      },
    },
    {
      name: 'compile: a model that is not well formed is refused',
      ops: smallModelOps,
      async run({ backend }) {
        const model = smallModel()
        const { 'head.bias': _, ...weights } = model.weights
        const foreign = {
          op: 'maxPool',
          name: 'foreign',
          inputs: ['image'],
        } as unknown as Model['nodes'][number]
        const broken: Readonly<Record<string, Model>> = {
          'a missing weight': { ...model, weights },
          'an output that does not exist': { ...model, outputs: { logits: 'nothing' } },
          'an unknown op': {
            ...model,
            nodes: [...model.nodes, foreign],
            outputs: { y: 'head', z: 'foreign' },
          },
        }
        for (const [what, bad] of Object.entries(broken)) {
          const codes = ['invalid-model', 'unsupported'] as const
          await expectRejection(compileFrom(backend.compile(bad)), codes, `compiling a model with ${what}`)
        }
      },
    },
    {
      name: 'compile: refuses what unsupported() names, and nothing else',
      ops: [],
      async run({ backend }) {
        for (const [index, model] of trialModels().flatMap((models) => [...models.entries()])) {
          const refused = backend.unsupported(model)
          for (const node of refused) {
            expectThat(
              model.nodes.includes(node),
              `unsupported() names "${node.name}", which is no node of the model`,
            )
          }
          if (refused.length === 0) {
            if (index > 0) continue
            const executor = await backend.compile(model).catch((cause: unknown) => {
              const nodes = model.nodes.map((node) => JSON.stringify(node)).join('\n')
              throw new Error(`unsupported() is empty, but compile refuses: ${cause}\n${nodes}`, { cause })
            })
            await executor.dispose()
            continue
          }
          const what = `compiling ${JSON.stringify(refused)}, which unsupported() names,`
          const error = await expectRejection(compileFrom(backend.compile(model)), ['unsupported'], what)
          const [first] = refused
          expectThat(
            first !== undefined && error.message.includes(`"${first.name}"`),
            `the refusal must name the node "${first?.name}": ${error.message}`,
          )
        }
      },
    },
    {
      name: 'executor: says what it takes, gives, does and holds',
      ops: smallModelOps,
      async run({ backend }) {
        const model = withOutputs(smallModel(2), { logits: 'head', pool: 'pool' })
        const [small, large] = [await backend.compile(model), await backend.compile(smallModel(16))]
        try {
          expectThat(
            small.backend === backend.name,
            `executor.backend is "${small.backend}", the backend's name "${backend.name}"`,
          )
          expectThat(
            JSON.stringify(small.inputs) === JSON.stringify(model.inputs),
            `executor.inputs is ${JSON.stringify(small.inputs)}, expected ${JSON.stringify(model.inputs)}`,
          )
          const { logits, pool } = small.outputs
          expectThat(
            logits?.shape.join() === '2,10' && pool?.shape.join() === '2,32,1,1',
            `executor.outputs is ${JSON.stringify(small.outputs)}`,
          )
          expectThat(small.steps.length > 0, 'there are no steps')
          const names = new Set(model.nodes.map((node) => node.name))
          for (const { node, kernel } of small.steps) {
            expectThat(names.has(node), `a step names "${node}", which is no node of the model`)
            expectThat(typeof kernel === 'string' && kernel !== '', `the step of "${node}" names no kernel`)
          }
          const weights = Object.values(model.weights).reduce(
            (sum, { shape }) => sum + elementCount(shape),
            0,
          )
          const [few, many] = [small.memory.bytes, large.memory.bytes]
          expectThat(few >= 2 * weights, `memory.bytes is ${few} for ${weights} weights`)
          expectThat(few < 2 ** 28, `memory.bytes is ${few} for a network of ${weights} weights`)
          expectThat(many >= few, `memory.bytes falls from ${few} to ${many} when the batch grows eightfold`)
        } finally {
          await Promise.all([small.dispose(), large.dispose()])
        }
      },
    },
    {
      name: 'executor: a profile has times, and the next run is right',
      ops: smallModelOps,
      async run(context) {
        const model = smallModel()
        const executor = await context.backend.compile(model)
        try {
          const inputs = inputsFor(model, 30)
          for (const { step, ms } of (await executor.profile?.(inputs)) ?? []) {
            expectThat(
              executor.steps[step] !== undefined,
              `the profile times step ${step}, which does not exist`,
            )
            expectThat(Number.isFinite(ms) && ms >= 0, `step ${step} took ${ms} ms`)
          }
          const wanted = await expectedOutputs(model, inputs)
          const problem = findDifference(await executor.run(inputs), wanted, context.tolerance)
          expectThat(problem === undefined, `the run after a profile: ${problem}`)
        } finally {
          await executor.dispose()
        }
      },
    },
    {
      name: 'dispose: twice, and by `await using`',
      ops: smallModelOps,
      async run({ backend }) {
        const executor = await backend.compile(smallModel())
        await executor.dispose()
        await executor.dispose()
        await executor[Symbol.asyncDispose]()
        const never = await backend.compile(smallModel())
        await Promise.all([never.dispose(), never.dispose()])
      },
    },
    {
      name: 'dispose: calls afterwards are refused',
      ops: smallModelOps,
      async run({ backend }) {
        const model = smallModel()
        const executor = await backend.compile(model)
        await executor.run(inputsFor(model, 31))
        await executor.dispose()
        await expectRejection(executor.run(inputsFor(model, 31)), ['disposed'], 'a run after dispose')
        const profiling = executor.profile?.(inputsFor(model, 31))
        if (profiling) await expectRejection(profiling, ['disposed'], 'a profile after dispose')
      },
    },
    {
      name: 'dispose: during runs, which end first',
      ops: smallModelOps,
      async run(context) {
        const model = smallModel(4)
        const executor = await context.backend.compile(model)
        const order: string[] = []
        const seeds = [32, 33, 34]
        const runs = seeds.map(async (seed) => {
          const outputs = await executor.run(inputsFor(model, seed))
          order.push('run')
          return outputs
        })
        const disposal = executor.dispose().then(() => order.push('dispose'))
        await expectRejection(
          executor.run(inputsFor(model, 35)),
          ['disposed'],
          'a run after dispose was called',
        )
        for (const [index, outputs] of (await Promise.all(runs)).entries()) {
          const wanted = await expectedOutputs(model, inputsFor(model, seeds[index] as number))
          const problem = findDifference(outputs, wanted, context.tolerance)
          expectThat(problem === undefined, `run ${index} of three, queued before dispose: ${problem}`)
        }
        await disposal
        expectThat(order.at(-1) === 'dispose', `dispose resolved before the runs: ${order}`)
      },
    },
    memoryCase(memory),
  ]
}

/** Frees what should not have been made, so that a failing case leaks nothing. */
async function compileFrom(compiling: Promise<Executor>): Promise<void> {
  const executor = await compiling
  await executor.dispose()
}

function memoryCase(memory: MemoryHook | undefined): Definition {
  return {
    name: 'memory: flat after many cycles of compile, run, abort and dispose',
    ops: smallModelOps,
    ...(!memory && { skip: 'the options have no memory hook' }),
    async run({ backend }) {
      if (!memory) throw new MobileOneError('invalid-argument', 'the options have no memory hook')
      const model = smallModel()
      const inputs = inputsFor(model, 36)
      const { cycles = 50, allowance } = memory
      const cycle = async (): Promise<void> => {
        const executor = await backend.compile(model)
        await Promise.all([executor.run(inputs), executor.run(inputs)])
        const signal = AbortSignal.abort()
        await expectRejection(executor.run(inputs, { signal }), ['aborted'], 'a run with an aborted signal')
        await expectRejection(executor.run({}), ['invalid-input'], 'a run without inputs')
        await executor.dispose()
      }
      for (let warmUp = 0; warmUp < 5; warmUp++) await cycle()
      const before = await memory.measure()
      for (let index = 0; index < cycles; index++) await cycle()
      const after = await memory.measure()
      expectThat(
        after - before <= allowance,
        `${cycles} cycles took the memory from ${before} to ${after}, and it may grow by ${allowance}`,
      )
    },
  }
}
