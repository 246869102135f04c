import { syncBuiltinESMExports } from 'node:module'
import threads, { type Worker, type WorkerOptions } from 'node:worker_threads'

/** The threads that this process starts from now on, whoever starts them; `restore` ends the watch. */
export function watchThreads(options: WorkerOptions = {}): {
  readonly made: readonly Worker[]
  restore(): void
} {
  const made: Worker[] = []
  const own = threads.Worker
  const replace = (worker: typeof Worker): void => {
    threads.Worker = worker
    syncBuiltinESMExports()
  }
  replace(
    class extends own {
      constructor(file: string | URL, given?: WorkerOptions) {
        super(file, { ...given, ...options })
        made.push(this)
      }
    },
  )
  return { made, restore: () => replace(own) }
}
