import { MobileOneError } from '@mobileone/core'
import { type DataWorker, startWorker } from './start-worker.ts'
import type { PictureBatch, Reply } from './worker-messages.ts'

/** Workers that decode and augment batches, started when there is work for them. */
export interface WorkerPool {
  /** The pixels of a batch. An abort drops it at once where no worker has it, and its result where one has. */
  run(batch: PictureBatch, signal: AbortSignal): Promise<Float32Array>
  /** End the workers; batches not yet made fail with `disposed`. */
  dispose(): Promise<void>
}

interface Waiting {
  readonly batch: PictureBatch
  isSettled: boolean
  settle(reply: Reply | MobileOneError): void
}

export function startWorkerPool(size: number, address: string | URL | undefined): WorkerPool {
  const workers: DataWorker[] = []
  const idle: DataWorker[] = []
  const queue: Waiting[] = []
  const busy = new Map<DataWorker, Waiting>()
  let end: MobileOneError | undefined

  const stop = (reason: MobileOneError): void => {
    end ??= reason
    for (const waiting of [...busy.values(), ...queue.splice(0)]) waiting.settle(end)
    busy.clear()
  }
  const open = (): DataWorker => {
    const worker = startWorker(address, {
      onReply(reply) {
        busy.get(worker)?.settle(reply)
        busy.delete(worker)
        idle.push(worker)
        next()
      },
      onEnd(why) {
        stop(
          new MobileOneError(
            'unavailable',
            `a worker that decodes pictures ended: ${why}; set workers: 0 to decode on the calling thread`,
          ),
        )
      },
    })
    workers.push(worker)
    return worker
  }
  const next = (): void => {
    while (!end && queue.length > 0) {
      const worker = idle.pop() ?? (workers.length < size ? open() : undefined)
      if (!worker) return
      const waiting = queue.shift()!
      try {
        worker.send(waiting.batch)
        busy.set(worker, waiting)
      } catch (cause) {
        idle.push(worker)
        const message = `${waiting.batch.names[0]} and others cannot be sent to a worker: ${(cause as Error).message}; set workers: 0`
        waiting.settle(new MobileOneError('unsupported', message, { cause }))
      }
    }
  }

  return {
    run: (batch, signal) =>
      new Promise((resolve, reject) => {
        if (end) return reject(end)
        if (signal.aborted) return reject(aborted(signal))
        const onAbort = (): void => {
          const place = queue.indexOf(waiting)
          if (place >= 0) queue.splice(place, 1)
          waiting.settle(aborted(signal))
        }
        const waiting: Waiting = {
          batch,
          isSettled: false,
          settle(reply) {
            if (waiting.isSettled) return
            waiting.isSettled = true
            signal.removeEventListener('abort', onAbort)
            if (reply instanceof Error) reject(reply)
            else if ('images' in reply) resolve(reply.images)
            else reject(new MobileOneError(reply.error.code, reply.error.message))
          },
        }
        signal.addEventListener('abort', onAbort)
        queue.push(waiting)
        next()
      }),
    async dispose() {
      stop(new MobileOneError('disposed', 'the batch source was disposed'))
      await Promise.all(workers.splice(0).map((worker) => worker.end()))
    },
  }
}

function aborted(signal: AbortSignal): MobileOneError {
  return new MobileOneError('aborted', 'loading batches was aborted', { cause: signal.reason })
}
