/** What the worker is for: `classifier` serves one, `probe` tells what runs here and waits for its end. */
export type WorkerName = 'classifier' | 'probe'

export function startClassifierWorker(name: WorkerName): Worker {
  return new Worker(new URL('../workers/classifier-worker.ts', import.meta.url), { type: 'module', name })
}
