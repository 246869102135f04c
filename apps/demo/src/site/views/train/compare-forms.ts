import {
  type Backend,
  type Executor,
  type Model,
  profile,
  reparameterize,
  type Tensor,
  tensor,
} from '@mobileone/core'
import { median } from '@mobileone/measure'
import { accuracyOf, guessesOf, logitsOf } from './held-out.ts'

/** A form of a network: what it is made of, how good and how fast it is. */
export interface FormFacts {
  readonly nodes: number
  readonly params: number
  /** Of the held-out pictures, a part of 1. */
  readonly accuracy: number
  /** Median of one picture on one thread of the wasm backend. */
  readonly ms: number
}

/** A trained network beside what it folds into. */
export interface FoldReport {
  readonly trained: FormFacts
  readonly folded: FormFacts
  /** The largest difference of a logit on the held-out pictures, and the largest logit, to judge it by. */
  readonly maxAbsError: number
  readonly maxAbsLogit: number
  /** Held-out pictures whose class is another after folding. */
  readonly changed: number
  readonly held: number
  readonly foldMs: number
}

/** Fold `model` and measure both forms on `held` [N, C, H, W] and on the clock. */
export async function compareForms(
  model: Model,
  held: Tensor,
  classes: Uint8Array,
  backend: Backend,
): Promise<{ readonly folded: Model; readonly report: FoldReport }> {
  const started = performance.now()
  const folded = reparameterize(model)
  const foldMs = performance.now() - started
  const [before, after] = [await logitsOf(model, held, backend), await logitsOf(folded, held, backend)]
  const [guesses, foldedGuesses] = [guessesOf(before), guessesOf(after)]
  const [ms, foldedMs] = await timeTogether([model, folded], backend)
  let maxAbsError = 0
  let maxAbsLogit = 0
  for (const [index, value] of before.data.entries()) {
    maxAbsError = Math.max(maxAbsError, Math.abs(value - (after.data[index] as number)))
    maxAbsLogit = Math.max(maxAbsLogit, Math.abs(value))
  }
  const facts = (form: Model, made: typeof guesses, time: number): FormFacts => ({
    nodes: form.nodes.length,
    params: profile(form).params,
    accuracy: accuracyOf(made, classes),
    ms: time,
  })
  return {
    folded,
    report: {
      trained: facts(model, guesses, ms as number),
      folded: facts(folded, foldedGuesses, foldedMs as number),
      maxAbsError,
      maxAbsLogit,
      changed: guesses.filter(({ label }, index) => label !== foldedGuesses[index]?.label).length,
      held: guesses.length,
      foldMs,
    },
  }
}

const rounds = 41

/** Median milliseconds of each, in turns, so that whatever else the machine does meets all of them. */
async function timeTogether(models: readonly Model[], backend: Backend): Promise<number[]> {
  const running: {
    readonly executor: Executor
    readonly run: () => Promise<unknown>
    readonly samples: number[]
  }[] = []
  try {
    for (const model of models) {
      const executor = await backend.compile(model)
      const [name, { shape }] = Object.entries(model.inputs)[0]!
      const input = { [name]: tensor(shape) }
      running.push({ executor, run: () => executor.run(input), samples: [] })
    }
    for (let round = -3; round < rounds; round++) {
      for (const { run, samples } of round % 2 === 0 ? running : running.toReversed()) {
        const start = performance.now()
        await run()
        if (round >= 0) samples.push(performance.now() - start)
      }
    }
    return running.map(({ samples }) => median(samples))
  } finally {
    for (const { executor } of running) await executor.dispose()
  }
}
