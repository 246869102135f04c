/** A process that works with one backend, as its parent says, and tells what it holds. Started with --expose-gc. */
import type { Backend } from '@mobileone/core'
import { reference } from '@mobileone/core'
import type { Answer, Memory } from './lane.ts'
import { type Order, startWork } from './work.ts'

const backends: Readonly<Record<string, () => Promise<Backend>>> = {
  reference: async () => reference(),
  async wasm() {
    const { wasm } = await import('@mobileone/backend-wasm')
    return wasm()
  },
  async 'wasm-threads'() {
    const { wasm } = await import('@mobileone/backend-wasm')
    return wasm({ threads: 2 })
  },
  async tfjs() {
    const { tfjs } = await import('@mobileone/backend-tfjs')
    await import('@tensorflow/tfjs-backend-wasm')
    return tfjs({ lib: () => import('@tensorflow/tfjs-core'), backend: 'wasm' })
  },
  async 'ort-node'() {
    const { ort } = await import('@mobileone/backend-ort')
    return ort({ lib: () => import('onnxruntime-node') as never, executionProviders: ['cpu'], numThreads: 1 })
  },
  async 'ort-web'() {
    const { ort } = await import('@mobileone/backend-ort')
    return ort({ lib: () => import('onnxruntime-web') as never, executionProviders: ['wasm'], numThreads: 1 })
  },
}

async function memory(): Promise<Memory> {
  for (let round = 0; round < 4; round++) {
    ;(globalThis as { gc?: () => void }).gc?.()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed, external, process: rss, workers: undefined }
}

const send = (answer: Answer): void => void process.send?.(answer)

const [name = ''] = process.argv.slice(2)
try {
  const work = await startWork(await (backends[name] as () => Promise<Backend>)())
  process.on('message', async ({ phase, from, count }: Order) => {
    try {
      const outcome = count > 0 ? await work.run(phase, from, count) : { aborted: 0 }
      send({ outcome, memory: await memory() })
    } catch (error) {
      send({ error: (error as Error).message })
    }
  })
  send({ outcome: { aborted: 0 }, memory: await memory() })
} catch (error) {
  send({ error: (error as Error).message })
}
