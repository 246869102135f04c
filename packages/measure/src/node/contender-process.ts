/** The program of an `openNodeHost` process: one contender, or the peak meter, driven by messages of its parent. */
import { readFileSync } from 'node:fs'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import type { ModelSource } from '../contender.ts'
import { type Host, localHost } from '../host.ts'
import { createPeakMeter, type PeakMeter } from '../peak.ts'
import type { Job, Reply, Request } from './messages.ts'

let host: Host | undefined
let peak: PeakMeter | undefined

async function answer(request: Request): Promise<unknown> {
  switch (request.call) {
    case 'open':
      host = open(request.job)
      return null
    case 'start':
      return host?.start()
    case 'turn':
      return host?.turn(request.turn)
    case 'finish':
      return host?.finish()
    case 'classify':
      return host?.classify?.(request.photograph)
    case 'close':
      await host?.close()
      peak?.dispose()
      return null
    case 'peak':
      peak ??= await createPeakMeter()
      return { gflops: await peak.measure(request.threads), instruction: peak.instruction }
    default:
      return request satisfies never
  }
}

function open(job: Job): Host {
  const file = readFileSync(job.modelFile)
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength)
  const source: ModelSource = job.format === 'model' ? modelFromCheckpoint(readCheckpoint(bytes)) : bytes
  const before = process.memoryUsage().rss
  return localHost({
    ...job,
    contender: () => import(job.contender),
    source,
    input: floatsOf(job.inputFile),
    photograph: async (index) => floatsOf(job.photographFiles?.[index] ?? ''),
    memory: {
      kind: 'most resident memory of the process, less what it had before the runtime was loaded',
      bytes: () => process.resourceUsage().maxRSS * 1024 - before,
    },
  })
}

function floatsOf(file: string): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(file)).buffer)
}

process.on('message', async ({ id, ...request }: Request & { id: number }) => {
  let reply: Reply
  try {
    reply = { id, value: await answer(request as Request) }
  } catch (error) {
    reply = { id, error: (error as Error)?.message ?? String(error) }
  }
  process.send?.(reply)
})
process.on('disconnect', () => process.exit())
process.send?.({ id: 0, value: process.versions } satisfies Reply)
