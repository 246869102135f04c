import { createClassifier, type LocalClassifier, type Model, tensor } from '../src/index.ts'
import type { CreateClassifier } from '../src/lifecycle/index.ts'
import { tinyModel } from './tiny-model.ts'

/** Tells red from green from blue by the mean of each channel, in no time. */
export const colours: Model = {
  ...tinyModel,
  name: 'colours',
  weights: { w: tensor([3, 3], Float32Array.from([9, 0, 0, 0, 9, 0, 0, 0, 9])) },
}

/** What was created through {@link counted}. */
export interface Count {
  calls: number
  /** Calls under way and classifiers not disposed of, now and at most. */
  alive: number
  most: number
  /** Executors that were made and disposed of. */
  executors: number
  disposed: number
}

/** `createClassifier`, counted. */
export function counted(): {
  count: Count
  create: CreateClassifier<Parameters<typeof createClassifier>[0]>
} {
  const count: Count = { calls: 0, alive: 0, most: 0, executors: 0, disposed: 0 }
  const create = async (options: Parameters<typeof createClassifier>[0]): Promise<LocalClassifier> => {
    count.calls++
    count.alive++
    count.most = Math.max(count.most, count.alive)
    try {
      const classifier = await createClassifier({ decoder: false, ...options })
      count.executors++
      const dispose = async (): Promise<void> => {
        await classifier.dispose()
        count.alive--
        // An executor that is disposed of says so.
        await classifier.executor.run({}).catch(({ code }) => {
          if (code === 'disposed') count.disposed++
        })
      }
      return { ...classifier, dispose }
    } catch (error) {
      count.alive--
      throw error
    }
  }
  return { count, create }
}

export async function until(holds: () => unknown, limit = 20_000): Promise<void> {
  const end = performance.now() + limit
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
