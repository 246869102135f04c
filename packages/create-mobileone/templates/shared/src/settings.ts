import type { ClassifierSetup } from '@mobileone/sdk/lifecycle'
import { createWorkerClassifier, type WorkerClassifierOptions } from '@mobileone/sdk/worker'

/** The network, in a worker, on the GPU where there is one. Which, `.env` says. */
export const network: ClassifierSetup<WorkerClassifierOptions> = {
  model: import.meta.env.VITE_MODEL || 's0',
  backend: 'auto',
  create: createWorkerClassifier,
}

/** The five likeliest classes, calmed a little from frame to frame. */
export const watching = { topK: 5, smoothing: 0.5, resample: 'fast' } as const
