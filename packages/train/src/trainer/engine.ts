import type { Batch } from '../data/batch.ts'
import type { Gradients, Network } from '../gradients/loss-gradients.ts'

/** Where gradients come from: this thread, or several. */
export interface Engine {
  /** How many threads share a batch; each normalises by its own part of it, as the processes of PyTorch's DDP do. */
  readonly workers: number
  gradients(parameters: Float32Array, batch: Batch, labelSmoothing: number): Promise<Gradients>
  dispose(): Promise<void>
}

/** The thread that calls. */
export function localEngine(network: Network): Engine {
  return { workers: 1, gradients: network.gradients, dispose: async () => {} }
}
