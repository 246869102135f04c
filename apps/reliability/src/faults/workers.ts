/** Threads of Node and workers of pages that are ended from outside, or run out of memory. */
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { wasm } from '@mobileone/backend-wasm'
import { initialize, mobileone, type tensor, variants } from '@mobileone/core'
import { createPool } from '@mobileone/sdk/node'
import { lacking } from '@mobileone/testkit'
import { builtProgram, root } from '../paths.ts'
import { inputOf, loadNetwork, networkFile } from '../soak/network.ts'
import { codeOf, type Fault, must } from './fault.ts'
import { inPage } from './in-page.ts'
import { watchThreads } from './threads.ts'

const threadOfSdk = pathToFileURL(join(root, 'packages/sdk/dist/classifier-thread.mjs'))

/** Until `condition`, at most 30 s. */
async function until(condition: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    must(waited < 30_000, `${what} did not happen within 30 s`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const isWebless = (): string | undefined =>
  lacking('chromium') ? 'there is no Chromium; set CHROMIUM_PATH' : undefined

export const workerFaults: readonly Fault[] = [
  {
    area: 'workers',
    name: 'pool-thread-terminated',
    injected: 'one of the two threads of `createPool` is terminated while calls run',
    holds:
      'the calls that it had end with `device-lost`, the others well; a new thread takes its place and answers alike',
    isQuick: true,
    async run() {
      const watch = watchThreads()
      try {
        const model = await loadNetwork(networkFile())
        const pool = await createPool({ model, size: 2, maxQueue: 100, worker: threadOfSdk })
        try {
          const [input] = Object.values(inputOf(model))
          const ask = (): Promise<unknown> => pool.logits(input as ReturnType<typeof tensor>)
          const expected = JSON.stringify(await ask())
          const calls = Array.from({ length: 40 }, () => codeOf(ask()))
          await watch.made[0]?.terminate()
          const ends = await Promise.all(calls)
          const lost = ends.filter((end) => end === 'device-lost').length
          must(lost + ends.filter((end) => end === 'done').length === 40, `calls ended with ${new Set(ends)}`)
          must(lost <= 2, `${lost} calls were lost`)
          await until(() => pool.stats().ready === 2, 'the start of a new thread')
          for (let turn = 0; turn < 4; turn++)
            must(JSON.stringify(await ask()) === expected, 'another answer')
          return `${lost} of 40 calls ended with \`device-lost\`, ${40 - lost} well; ${pool.stats().restarts} restart`
        } finally {
          await pool.dispose()
        }
      } finally {
        watch.restore()
      }
    },
  },
  {
    area: 'workers',
    name: 'pool-thread-out-of-memory',
    injected: 'a thread of `createPool`, which may have 32 MB of heap, takes more in a run',
    holds: 'the process lives; the call ends with `device-lost`, and a new thread takes its place',
    async run() {
      const watch = watchThreads({ resourceLimits: { maxOldGenerationSizeMb: 32 } })
      try {
        const model = await loadNetwork(networkFile())
        const worker = pathToFileURL(builtProgram('fatal-thread'))
        const pool = await createPool({ model, size: 1, worker, backend: { name: 'greedy' } })
        try {
          const [input] = Object.values(inputOf(model))
          const end = await codeOf(pool.logits(input as ReturnType<typeof tensor>))
          must(end === 'device-lost', `the call ended with ${end}`)
          await until(() => pool.stats().ready === 1, 'the start of a new thread')
          return `\`device-lost\`; ${pool.stats().restarts} restart`
        } finally {
          await pool.dispose()
        }
      } finally {
        watch.restore()
      }
    },
  },
  {
    area: 'workers',
    name: 'wasm-thread-terminated',
    injected: 'the second thread of the wasm backend is terminated, between runs and while one runs',
    holds: 'runs end with `device-lost` or well, none hangs; compiled again the model gives the same bits',
    async run() {
      const watch = watchThreads()
      try {
        const model = initialize(mobileone(variants.s0, { form: 'deploy' }), { seed: 1 })
        const inputs = inputOf(model)
        const ends: string[] = []
        let expected = ''
        for (const delay of [undefined, 0, 2, 5, 10, 20]) {
          const executor = await wasm({ threads: 2 }).compile(model)
          const result = JSON.stringify((await executor.run(inputs)).logits?.data)
          must(result === (expected ||= result), 'another answer')
          const thread = watch.made.at(-1)
          must(thread !== undefined, 'there is no thread')
          if (delay === undefined) await thread.terminate()
          const run = codeOf(executor.run(inputs))
          if (delay !== undefined) {
            await new Promise((resolve) => setTimeout(resolve, delay))
            await thread.terminate()
          }
          const end = await run
          must(end === 'device-lost' || end === 'done', `the run ended with ${end}`)
          const next = await codeOf(executor.run(inputs))
          must(next === 'device-lost', `the run after it ended with ${next}`)
          await executor.dispose()
          ends.push(end)
        }
        return `the runs ended with ${ends.join(', ')}; all after them with \`device-lost\``
      } finally {
        watch.restore()
      }
    },
  },
  {
    area: 'workers',
    name: 'process-exits-with-pool',
    injected: 'a thread of a pool is terminated after `dispose`',
    holds: 'nothing happens: no error, no restart',
    async run() {
      const watch = watchThreads()
      try {
        const model = await loadNetwork(networkFile())
        const pool = await createPool({ model, size: 1, worker: threadOfSdk })
        const [thread] = watch.made
        must(thread !== undefined, 'there is no thread')
        const exit = once(thread, 'exit')
        await pool.dispose()
        await thread.terminate()
        await exit
        must(pool.stats().restarts === 0, 'it was started again')
        return 'no restart'
      } finally {
        watch.restore()
      }
    },
  },
  {
    area: 'workers',
    name: 'page-worker-terminated',
    injected: 'the worker of `createWorkerClassifier` is terminated on a page while calls run',
    holds: 'every call ends with `device-lost`, none hangs; a classifier created anew answers alike',
    isQuick: true,
    lack: isWebless,
    run: () => inPage('terminateWorker'),
  },
]
