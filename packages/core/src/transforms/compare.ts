import type { Backend, Executor, RunOptions } from '../backend.ts'
import { withInputs } from '../model/edit.ts'
import type { Model } from '../model/model.ts'
import { elementCount, type Tensor, type Tensors, tensor } from '../model/tensor.ts'
import { type Random, random } from '../random.ts'

/** How far apart the outputs of two models are. */
export interface Comparison {
  /** The largest absolute difference between the outputs of the two models. */
  readonly maxAbsError: number
  /** The largest absolute output value, to judge it by. */
  readonly maxAbsValue: number
  readonly runs: number
}

/** What `compare` runs two models on, and how often. */
export interface CompareOptions {
  /** Runs both models. */
  readonly backend: Backend
  /** Random inputs to try. Default 2. */
  readonly runs?: number
  readonly seed?: number
  /** Shapes to run at instead of the model's own, for a quicker comparison. */
  readonly inputs?: Readonly<Record<string, readonly number[]>>
  readonly signal?: AbortSignal
}

/** Run two models with the same inputs and outputs on the same standard normal inputs and compare what they give. */
export async function compareModels(a: Model, b: Model, options: CompareOptions): Promise<Comparison> {
  const { backend, runs = 2, seed = 1, inputs = {} } = options
  const signal = options.signal ? { signal: options.signal } : {}
  const models = [withInputs(a, inputs), withInputs(b, inputs)] as const
  const first = await backend.compile(models[0], signal)
  try {
    const second = await backend.compile(models[1], signal)
    try {
      return await compareRuns([first, second], runs, random(seed), signal)
    } finally {
      await second.dispose()
    }
  } finally {
    await first.dispose()
  }
}

async function compareRuns(
  executors: readonly [Executor, Executor],
  runs: number,
  source: Random,
  options: RunOptions,
): Promise<Comparison> {
  let maxAbsError = 0
  let maxAbsValue = 0
  for (let run = 0; run < runs; run++) {
    const given: Tensors = Object.fromEntries(
      Object.entries(executors[0].inputs).map(([name, { shape }]) => {
        const data = new Float32Array(elementCount(shape))
        for (let index = 0; index < data.length; index++) data[index] = source.normal()
        return [name, tensor(shape, data)]
      }),
    )
    const results = [await executors[0].run(given, options), await executors[1].run(given, options)] as const
    for (const [name, left] of Object.entries(results[0])) {
      maxAbsError = Math.max(maxAbsError, maxAbsDifference(left, results[1][name] as Tensor))
      for (const value of left.data) maxAbsValue = Math.max(maxAbsValue, Math.abs(value))
    }
  }
  return { maxAbsError, maxAbsValue, runs }
}

/** The largest absolute difference of two tensors of one size; NaN against a number counts as infinite. */
export function maxAbsDifference(a: Tensor, b: Tensor): number {
  let largest = 0
  for (let index = 0; index < a.data.length; index++) {
    const [x, y] = [a.data[index] as number, b.data[index] as number]
    if (Object.is(x, y) || x === y) continue
    const difference = Math.abs(x - y)
    largest = Math.max(largest, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference)
  }
  return largest
}
