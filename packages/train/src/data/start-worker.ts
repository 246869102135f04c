/** One worker: of node:worker_threads in Node, a module worker in browsers. */
import type { PictureBatch, Reply } from './worker-messages.ts'

export interface DataWorker {
  send(batch: PictureBatch): void
  /** End it, whatever it is doing. */
  end(): Promise<void>
}

export interface DataWorkerEvents {
  onReply(reply: Reply): void
  /** It could not start, or ended without being asked to. */
  onEnd(why: string): void
}

/** @param address Where the module of the worker is, if not beside this one. */
export function startWorker(address: string | URL | undefined, events: DataWorkerEvents): DataWorker {
  const threads = nodeModule('node:worker_threads')
  return threads ? startNodeWorker(threads, address, events) : startWebWorker(address, events)
}

/** Processors to decode with, one left to training, at most 8; 1 where their number is not known. */
export function defaultWorkers(): number {
  const processors =
    nodeModule('node:os')?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency
  return Math.min(Math.max(1, (processors ?? 1) - 1), 8)
}

function startNodeWorker(
  { Worker: NodeWorker }: typeof import('node:worker_threads'),
  address: string | URL | undefined,
  { onReply, onEnd }: DataWorkerEvents,
): DataWorker {
  const here = import.meta.url
  const built = here.endsWith('.ts') ? '../../dist/data-worker.mjs' : './data-worker.mjs'
  // Not all flags of the process suit a worker (--input-type), and none is needed.
  const worker = new NodeWorker(new URL(address ?? built, here), { execArgv: [] })
  let isEnding = false
  worker.unref()
  worker.on('message', (reply: Reply) => {
    if (isEnding) return
    worker.unref()
    onReply(reply)
  })
  worker.on('error', (error) => onEnd(error.message))
  worker.on('exit', (code) => {
    if (!isEnding) onEnd(`exit code ${code}`)
  })
  return {
    // A process stays for a worker that has work, not for one that waits.
    send(batch) {
      worker.ref()
      worker.postMessage(batch)
    },
    // Whoever waits for the end of a worker without a reference waits alone: the process would leave first.
    async end() {
      isEnding = true
      worker.ref()
      await worker.terminate()
    },
  }
}

function startWebWorker(address: string | URL | undefined, { onReply, onEnd }: DataWorkerEvents): DataWorker {
  const worker = address
    ? new Worker(address, { type: 'module' })
    : new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  worker.onmessage = ({ data }: MessageEvent<Reply>) => onReply(data)
  worker.onmessageerror = () => onEnd('its answer could not be read')
  worker.onerror = (event) => {
    event.preventDefault()
    onEnd(
      event.message ||
        'its module could not be loaded; bundle @mobileone/train/data-worker and pass its address as the option worker',
    )
  }
  return {
    send: (batch) => worker.postMessage(withAbsoluteAddresses(batch)),
    end: async () => worker.terminate(),
  }
}

/** Addresses relative to the page would be relative to the script in a worker. */
function withAbsoluteAddresses(batch: PictureBatch): PictureBatch {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href
  const pictures = batch.pictures.map((picture) =>
    typeof picture.source === 'string' && URL.canParse(picture.source, base)
      ? { ...picture, source: new URL(picture.source, base).href }
      : picture,
  )
  return { ...batch, pictures }
}

interface NodeModules {
  'node:os': typeof import('node:os')
  'node:worker_threads': typeof import('node:worker_threads')
}

/** A module of Node's own, without an import that a bundler for browsers would stumble over. */
function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  return typeof process === 'object'
    ? (process.getBuiltinModule?.(name) as NodeModules[Name] | undefined)
    : undefined
}
