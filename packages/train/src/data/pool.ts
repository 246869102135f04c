import { MobileOneError } from '@mobileone/core'
import type { PictureBatch, Reply } from './messages.ts'
import { startThread, type Thread } from './thread.ts'

/** Workers that decode and augment batches, started when there is work for them. */
export interface Pool {
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

export function startPool(size: number, address: string | URL | undefined): Pool {
  const threads: Thread[] = []
  const idle: Thread[] = []
  const queue: Waiting[] = []
  const busy = new Map<Thread, Waiting>()
  let end: MobileOneError | undefined

  const stop = (reason: MobileOneError): void => {
    end ??= reason
    for (const waiting of [...busy.values(), ...queue.splice(0)]) waiting.settle(end)
    busy.clear()
  }
  const open = (): Thread => {
    const thread = startThread(address, {
      onReply(reply) {
        busy.get(thread)?.settle(reply)
        busy.delete(thread)
        idle.push(thread)
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
    threads.push(thread)
    return thread
  }
  const next = (): void => {
    while (!end && queue.length > 0) {
      const thread = idle.pop() ?? (threads.length < size ? open() : undefined)
      if (!thread) return
      const waiting = queue.shift()!
      try {
        thread.send(waiting.batch)
        busy.set(thread, waiting)
      } catch (cause) {
        idle.push(thread)
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
      await Promise.all(threads.splice(0).map((thread) => thread.end()))
    },
  }
}

function aborted(signal: AbortSignal): MobileOneError {
  return new MobileOneError('aborted', 'loading batches was aborted', { cause: signal.reason })
}
