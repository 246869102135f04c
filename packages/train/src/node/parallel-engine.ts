import { Worker } from 'node:worker_threads'
import { MobileOneError, type Model } from '@mobileone/core'
import type { Batch } from '../data/batch.ts'
import type { Gradients } from '../gradients/loss-gradients.ts'
import { layoutsOf } from '../gradients/parameter-layout.ts'
import type { Engine } from '../trainer/engine.ts'
import type { Part, PartReply, WorkerStart } from './gradient-messages.ts'
import type { StartTfjsOptions } from './start-tfjs.ts'

/** On how many threads gradients are computed. */
export interface ParallelOptions extends StartTfjsOptions {
  /** Threads, each with its own TensorFlow.js. */
  readonly workers: number
  /** Where the worker's module is, if not beside this one. */
  readonly worker?: URL
}

interface Member {
  readonly worker: Worker
  readonly gradients: Float32Array
  readonly statistics: Float32Array
  /** The reply to the part sent last. */
  answer: (reply: PartReply | MobileOneError) => void
}

/**
 * Gradients from several threads: each takes a part of every batch, and their means are taken in a fixed order, so a run
 * with as many workers gives the same bits. A worker normalises by its own part, as the processes of PyTorch's DDP do.
 * @throws MobileOneError `unavailable` where a worker does not start, `invalid-argument` for a number of workers that is no positive
 * integer.
 */
export async function parallelEngine(model: Model, options: ParallelOptions): Promise<Engine> {
  const { workers, worker: address = new URL('./gradient-worker.mjs', import.meta.url), ...tfjs } = options
  if (!Number.isSafeInteger(workers) || workers < 1)
    throw new MobileOneError('invalid-argument', `workers must be a positive integer, not ${workers}`)
  const { parameters: layout, statistics: statisticsLayout } = layoutsOf(model)
  const shared = shareVector(layout.size)
  const members: Member[] = []
  let end: MobileOneError | undefined
  const dispose = async (): Promise<void> => {
    end ??= new MobileOneError('disposed', 'the parallel engine was disposed')
    await Promise.all(members.splice(0).map(({ worker }) => worker.terminate()))
  }

  const open = (): Promise<void> => {
    const gradients = shareVector(layout.size)
    const statistics = shareVector(statisticsLayout.size)
    const start: WorkerStart = { model, tfjs, parameters: shared, gradients, statistics }
    const worker = new Worker(address, { workerData: start, execArgv: [] })
    const member: Member = { worker, gradients, statistics, answer: () => {} }
    members.push(member)
    worker.on('message', (reply: PartReply) => member.answer(reply))
    const ended = (why: string, cause?: unknown): void => {
      end ??= new MobileOneError('unavailable', `a training worker ended: ${why}`, { cause })
      member.answer(end)
    }
    worker.on('error', (error: Error) => ended(error.message, error))
    worker.on('exit', (code) => ended(`exit code ${code}`))
    return expectReply(member).then(() => {})
  }
  try {
    await Promise.all(Array.from({ length: workers }, open))
  } catch (error) {
    await dispose()
    throw error
  }

  let isBusy = false
  return {
    workers,
    async gradients(parameters, batch, labelSmoothing) {
      if (end) throw end
      if (isBusy)
        throw new MobileOneError('invalid-argument', 'the parallel engine takes one batch at a time')
      isBusy = true
      try {
        shared.set(parameters)
        const parts = divide(batch, workers)
        const replies = await Promise.all(
          parts.map((part, index) => {
            const member = members[index] as Member
            const reply = expectReply(member)
            member.worker.postMessage({ ...part, labelSmoothing } satisfies Part)
            return reply
          }),
        )
        return combine(
          parts.map(({ labels }) => labels.length),
          replies,
          members,
        )
      } finally {
        isBusy = false
      }
    },
    dispose,
  }
}

function expectReply(member: Member): Promise<{ loss: number; correct: number }> {
  return new Promise((resolve, reject) => {
    member.answer = (reply) => {
      if (reply instanceof Error) reject(reply)
      else if ('error' in reply) reject(new MobileOneError(reply.error.code, reply.error.message))
      else if ('ready' in reply) resolve({ loss: 0, correct: 0 })
      else resolve(reply)
    }
  })
}

/** Up to `count` parts of a batch, as equal as can be. */
function divide({ images, shape, labels }: Batch, count: number): readonly Batch[] {
  const [total, height, width, channels] = shape
  const size = height * width * channels
  const parts: Batch[] = []
  for (let index = 0; index < count; index++) {
    const [from, to] = [Math.floor((index * total) / count), Math.floor(((index + 1) * total) / count)]
    if (to === from) continue
    parts.push({
      images: images.subarray(from * size, to * size).slice(),
      shape: [to - from, height, width, channels],
      labels: labels.slice(from, to),
    })
  }
  return parts
}

function combine(
  counts: readonly number[],
  replies: readonly { readonly loss: number; readonly correct: number }[],
  members: readonly Member[],
): Gradients {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const mean = (of: (index: number) => Float32Array): Float32Array => {
    const result = new Float32Array(of(0).length)
    for (const [index, count] of counts.entries()) {
      const part = of(index)
      const share = count / total
      for (let at = 0; at < result.length; at++)
        result[at] = (result[at] as number) + share * (part[at] as number)
    }
    return result
  }
  return {
    loss: replies.reduce((sum, { loss }, index) => sum + (loss * (counts[index] as number)) / total, 0),
    correct: replies.reduce((sum, { correct }) => sum + correct, 0),
    gradients: mean((index) => (members[index] as Member).gradients),
    statistics: mean((index) => (members[index] as Member).statistics),
  }
}

function shareVector(size: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(Math.max(4, size * 4)), 0, size)
}
