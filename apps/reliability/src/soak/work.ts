/** What is done over and over with one backend, in a page as in a process: not responsible for looking at memory. */
import {
  type Backend,
  type Executor,
  isMobileOneError,
  type Model,
  pause,
  reference,
  type Tensors,
} from '@mobileone/core'
import { inputOf, loadNetwork, networkFile } from './network.ts'

/** In this order. */
export const phases = ['inferences', 'cycles', 'aborts'] as const

/**
 * `inferences`: runs of one executor. `cycles`: the file is read, folded, compiled, run and disposed of. `aborts`: runs that are aborted
 * before they begin, while they wait and while they run, and compilations, in turn.
 */
export type Phase = (typeof phases)[number]

/** Turns to be taken: `count` of them, which begin with number `from`. None asks for the memory alone. */
export interface Order {
  readonly phase: Phase
  readonly from: number
  readonly count: number
}

/** What a part of a phase came to. */
export interface Outcome {
  /** How many of the aborts ended the call; the others came after its end, which gave what it should. */
  readonly aborted: number
}

/** Work with one backend, begun. */
export interface Work {
  /** @throws Error that tells what was wrong, and in which turn. */
  run(phase: Phase, from: number, count: number): Promise<Outcome>
  dispose(): Promise<void>
}

/** Turns after which timers and finalizers have their turn. */
const turnsBetweenPauses = 50

/**
 * Load the network and run it once.
 * @throws Error where the output is further from the reference's than the backend's tolerance.
 */
export async function startWork(backend: Backend): Promise<Work> {
  const file = networkFile()
  const model = await loadNetwork(file)
  const inputs = inputOf(model)
  const executor = await backend.compile(model)
  const expected = await executor.run(inputs)
  await compareWithReference(backend, model, inputs, expected)

  const check = (outputs: Tensors): void => {
    for (const [name, { data }] of Object.entries(expected)) {
      const at = data.findIndex((value, index) => !Object.is(value, outputs[name]?.data[index]))
      if (at >= 0)
        throw new Error(`${name}[${at}] is ${outputs[name]?.data[at]} and was ${data[at]} in the first run`)
    }
  }
  const cycle = async (): Promise<void> => {
    const compiled = await backend.compile(await loadNetwork(file))
    check(await compiled.run(inputs))
    await compiled.dispose()
  }
  const turn = async (phase: Phase, index: number): Promise<boolean> => {
    switch (phase) {
      case 'inferences':
        check(await executor.run(inputs))
        return false
      case 'cycles':
        await cycle()
        return false
      case 'aborts':
        return abortOne({ backend, model, executor, inputs, check }, index)
      default:
        return phase satisfies never
    }
  }
  return {
    async run(phase, from, count) {
      let aborted = 0
      for (let index = from; index < from + count; index++) {
        try {
          if (await turn(phase, index)) aborted++
        } catch (cause) {
          throw new Error(`${phase}, turn ${index}: ${(cause as Error).message}`, { cause })
        }
        if (index % turnsBetweenPauses === 0) await pause()
      }
      if (phase === 'aborts') check(await executor.run(inputs))
      return { aborted }
    },
    dispose: () => executor.dispose(),
  }
}

async function compareWithReference(
  backend: Backend,
  model: Model,
  inputs: Tensors,
  outputs: Tensors,
): Promise<void> {
  const oracle = await reference().compile(model)
  for (const [name, { data }] of Object.entries(await oracle.run(inputs))) {
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
    data.forEach((value, index) => {
      const error = Math.abs(value - (outputs[name]?.data[index] ?? Number.NaN)) / largest
      if (!(error <= (backend.tolerance ?? 2e-5))) {
        throw new Error(`${name}[${index}] is ${outputs[name]?.data[index]}, the reference gives ${value}`)
      }
    })
  }
  await oracle.dispose()
}

interface Abortable {
  readonly backend: Backend
  readonly model: Model
  readonly executor: Executor
  readonly inputs: Tensors
  check(outputs: Tensors): void
}

/** Whether the abort ended the call. @throws Error where the call neither ends with `aborted` nor gives what it should. */
async function abortOne(
  { backend, model, executor, inputs, check }: Abortable,
  index: number,
): Promise<boolean> {
  const abort = new AbortController()
  const { signal } = abort
  const isAborted = async <T>(call: Promise<T>, use: (value: T) => unknown): Promise<boolean> => {
    try {
      await use(await call)
      return false
    } catch (error) {
      if (isMobileOneError(error) && error.code === 'aborted') return true
      throw error
    }
  }
  const mustAbort = (hasAborted: boolean): true => {
    if (!hasAborted) throw new Error('a call went on although it was aborted before its turn')
    return true
  }
  switch (index % 4) {
    case 0: {
      abort.abort()
      return mustAbort(await isAborted(executor.run(inputs, { signal }), check))
    }
    case 1: {
      const first = executor.run(inputs)
      const second = isAborted(executor.run(inputs, { signal }), check)
      abort.abort()
      check(await first)
      return mustAbort(await second)
    }
    case 2: {
      const call = isAborted(executor.run(inputs, { signal }), check)
      // After as many turns of the queue of microtasks as differ from abort to abort.
      for (let turns = (index >> 2) % 12; turns > 0; turns--) await undefined
      abort.abort()
      return call
    }
    default: {
      const call = isAborted(backend.compile(model, { signal }), (compiled) => compiled.dispose())
      for (let turns = (index >> 2) % 24; turns > 0; turns--) await undefined
      abort.abort()
      return call
    }
  }
}
