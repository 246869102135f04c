import { wasm } from '@mobileone/backend-wasm'
import { type Executor, type Model, type Tensors, tensor, type Variant, variants } from '@mobileone/core'
import { median } from '@mobileone/measure'
import { expose } from 'comlink'
import {
  arithmeticContenders,
  branchContenders,
  type Contender,
  designContenders,
  variantContender,
} from '../views/explain/contenders.ts'
import { type BlockChoice, type FoldStage, foldStages, trainedBlock } from '../views/explain/fold-stages.ts'
import { type VariantFacts, variantFacts } from '../views/explain/variant-facts.ts'

/** What can be measured on the page. */
export type Experiment = 'branches' | 'arithmetic' | 'designs' | 'variants'

/** A contender with the median time of its runs, one thread of the wasm backend. */
export interface Timing {
  readonly label: string
  readonly ms: number
}

const api = {
  fold: (choice: BlockChoice): Promise<FoldStage[]> => foldStages(trainedBlock(choice)),
  facts: (): VariantFacts[] => variantFacts(),
  async measure(experiment: Experiment, onProgress: (fraction: number) => void): Promise<Timing[]> {
    switch (experiment) {
      case 'branches':
        return timeTogether(branchContenders(), onProgress)
      case 'arithmetic':
        return timeTogether(arithmeticContenders(), onProgress)
      case 'designs':
        return timeTogether(designContenders(), onProgress)
      case 'variants':
        return timeVariants(onProgress)
      default:
        return experiment satisfies never
    }
  },
}
export type ExplainApi = typeof api
expose(api)

const rounds = 25

/** In turns, so that whatever else the machine does meets all of them. */
async function timeTogether(
  contenders: readonly Contender[],
  onProgress: (fraction: number) => void,
): Promise<Timing[]> {
  const running: { executor: Executor; inputs: Tensors; label: string; samples: number[] }[] = []
  try {
    for (const { label, model } of contenders) {
      const executor = await wasm().compile(model)
      running.push({ executor, inputs: zeros(model), label, samples: [] })
      await executor.run(zeros(model))
    }
    for (let round = 0; round < rounds; round++) {
      // Another begins each round: what comes after a pause or a collection of garbage is slower.
      const first = round % running.length
      for (const { executor, inputs, samples } of [...running.slice(first), ...running.slice(0, first)]) {
        const start = performance.now()
        await executor.run(inputs)
        samples.push(performance.now() - start)
      }
      onProgress((round + 1) / rounds)
    }
    return running.map(({ label, samples }) => ({ label, ms: median(samples) }))
  } finally {
    for (const { executor } of running) await executor.dispose()
  }
}

/** One after the other: five networks at once would take more memory than a phone gives a page. */
async function timeVariants(onProgress: (fraction: number) => void): Promise<Timing[]> {
  const names = Object.keys(variants) as Variant[]
  const timings: Timing[] = []
  for (const [index, variant] of names.entries()) {
    const progress = (fraction: number): void => onProgress((index + fraction) / names.length)
    timings.push(...(await timeTogether([variantContender(variant)], progress)))
  }
  return timings
}

function zeros(model: Model): Tensors {
  return Object.fromEntries(Object.entries(model.inputs).map(([name, { shape }]) => [name, tensor(shape)]))
}
