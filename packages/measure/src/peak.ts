import { MobileOneError } from '@mobileone/core'
import { flopPerRound, peakModule } from './peak-kernel.ts'

/** Measures how many float32 operations a second this engine's WebAssembly SIMD can do on this machine: the limit of every kernel. */
export interface PeakMeter {
  /** `relaxed madd`, or `mul + add` where the engine has no relaxed SIMD. */
  readonly instruction: string
  /** GFLOP/s of `threads` threads at once, over about 10 ms. */
  measure(threads: number): Promise<number>
  dispose(): void
}

type Kernel = (rounds: number, factor: number) => number

interface Helper {
  /** Milliseconds of one call. */
  run(rounds: number): Promise<number>
  stop(): void
}

const sampleMs = 10
/** An optimising compiler needs this long to replace the first code of the kernel. */
const warmUpMs = 60
const factor = 0.5

/** @throws WebAssembly.CompileError where the engine has no SIMD at all. */
export async function createPeakMeter(): Promise<PeakMeter> {
  const relaxed = WebAssembly.validate(peakModule(true))
  const module = await WebAssembly.compile(peakModule(relaxed))
  const { exports } = await WebAssembly.instantiate(module)
  const kernel = exports.peak as Kernel
  let sink = 0
  const run = (rounds: number): number => {
    const start = performance.now()
    sink += kernel(rounds, factor)
    return performance.now() - start
  }

  let rounds = 10_000
  const begin = performance.now()
  while (performance.now() - begin < warmUpMs) run(rounds)
  for (let step = 0; step < 3; step++)
    rounds = Math.max(1000, Math.round((rounds * sampleMs) / Math.max(run(rounds), 0.05)))

  const helpers: Helper[] = []
  return {
    instruction: relaxed ? 'relaxed madd' : 'mul + add',
    async measure(threads) {
      while (helpers.length < threads - 1) helpers.push(await startHelper(module))
      const others = helpers.slice(0, threads - 1).map((helper) => helper.run(rounds))
      const own = run(rounds)
      const times = [own, ...(await Promise.all(others))]
      if (!Number.isFinite(sink)) {
        throw new MobileOneError('wrong-result', 'the peak kernel gave no number')
      }
      return times.reduce((sum, ms) => sum + (rounds * flopPerRound) / (ms * 1e6), 0)
    },
    dispose() {
      for (const helper of helpers) helper.stop()
      helpers.length = 0
    },
  }
}

/** Runs in a worker: gets the module, then rounds; answers milliseconds. `listen` and `post` come from the preamble. */
const helperSource = `
let kernel
listen(async (message) => {
  if (message.module) {
    kernel = (await WebAssembly.instantiate(message.module)).exports.peak
    const begin = performance.now()
    while (performance.now() - begin < ${warmUpMs}) kernel(10000, ${factor})
    post('ready')
  } else {
    const start = performance.now()
    const value = kernel(message.rounds, ${factor})
    post(value === value ? performance.now() - start : NaN)
  }
})`
const browserPreamble =
  'const listen = (f) => { onmessage = ({ data }) => f(data) }; const post = (value) => postMessage(value);'
const nodePreamble =
  "const { parentPort } = require('node:worker_threads'); const listen = (f) => parentPort.on('message', f); const post = (value) => parentPort.postMessage(value);"

async function startHelper(module: WebAssembly.Module): Promise<Helper> {
  // ONNX Runtime Web defines a global Worker in Node.
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads')
  const { post, next, stop } = threads ? nodeWorker(threads) : browserWorker()
  const ready = next()
  post({ module })
  await ready
  return {
    async run(rounds) {
      const answer = next()
      post({ rounds })
      return (await answer) as number
    },
    stop,
  }
}

interface Channel {
  post(message: unknown): void
  next(): Promise<unknown>
  stop(): void
}

function browserWorker(): Channel {
  const url = URL.createObjectURL(new Blob([browserPreamble + helperSource], { type: 'text/javascript' }))
  const worker = new Worker(url)
  return {
    post: (message) => worker.postMessage(message),
    next: () =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data)
        worker.onerror = (event) => reject(new MobileOneError('unavailable', event.message))
      }),
    stop: () => {
      worker.terminate()
      URL.revokeObjectURL(url)
    },
  }
}

function nodeWorker({ Worker: ThreadWorker }: typeof import('node:worker_threads')): Channel {
  const worker = new ThreadWorker(nodePreamble + helperSource, { eval: true })
  worker.unref()
  return {
    post: (message) => worker.postMessage(message),
    next: () =>
      new Promise((resolve, reject) => {
        worker.once('message', resolve)
        worker.once('error', reject)
      }),
    stop: () => void worker.terminate(),
  }
}
