import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { MobileOneError } from '@mobileone/core'
import type { PeakLane } from '../benchmark.ts'
import type { Finish, Host, Start } from '../host.ts'
import type { Job, Reply, Request } from './messages.ts'

/** A Node process that answers calls, one contender at a time. */
export interface NodeProcess {
  readonly versions: Readonly<Record<string, string>>
  call(request: Request): Promise<unknown>
  /** Ends the process; safe to call twice. */
  stop(): Promise<void>
}

const isSource = import.meta.url.endsWith('.ts')
const program = fileURLToPath(new URL(`./contender-process.${isSource ? 'ts' : 'mjs'}`, import.meta.url))
/** Run from source, the workspace's packages are sources too. */
const conditions = isSource ? ['--conditions=source'] : []

/**
 * Start a process of the Node at `execPath` (default: this one) that hosts one contender.
 * @throws MobileOneError `unavailable` where the program cannot be run.
 */
export async function startNodeProcess(execPath: string = process.execPath): Promise<NodeProcess> {
  const child: ChildProcess = fork(program, {
    execPath,
    execArgv: conditions,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let lastWords = ''
  let ended: string | undefined
  let nextId = 1
  const failure = (message: string): MobileOneError => new MobileOneError('unavailable', message)
  const end = (why: string): void => {
    ended ??= why
    for (const { reject } of waiting.values()) reject(failure(ended))
    waiting.clear()
  }
  child.stderr?.on('data', (chunk) => (lastWords = `${lastWords}${chunk}`.slice(-2000)))
  child.on('error', (error) => end(`cannot run ${execPath}: ${error.message}`))
  child.on('exit', (code, signal) => {
    const line = /^\w*Error.*$/m.exec(lastWords)?.[0] ?? ''
    end(`the process ended (${signal ?? `code ${code}`})${line && `: ${line}`}`)
  })
  child.on('message', ({ id, value, error }: Reply) => {
    const request = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) request?.resolve(value)
    else request?.reject(failure(error))
  })
  const wait = (id: number): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (ended === undefined) waiting.set(id, { resolve, reject })
      else reject(failure(ended))
    })

  const versions = (await wait(0)) as Record<string, string>
  return {
    versions,
    async call(request) {
      const id = nextId++
      const reply = wait(id)
      if (ended === undefined) child.send({ ...request, id })
      return reply
    },
    async stop() {
      if (ended !== undefined) return
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** A host in a process of its own. */
export async function openNodeHost(job: Job, execPath?: string): Promise<Host> {
  const child = await startNodeProcess(execPath)
  try {
    await child.call({ call: 'open', job })
  } catch (error) {
    await child.stop()
    throw error
  }
  return {
    start: async () => (await child.call({ call: 'start' })) as Start,
    turn: async (turn) => (await child.call({ call: 'turn', turn })) as number[],
    finish: async () => (await child.call({ call: 'finish' })) as Finish,
    classify: async (photograph) => (await child.call({ call: 'classify', photograph })) as number,
    close: () => child.stop(),
  }
}

/** The peak of the Node at `execPath` at each number of threads, all in one process; `stop` ends it. */
export async function openNodePeaks(
  threads: readonly number[],
  execPath?: string,
): Promise<NodeProcess & { readonly lanes: readonly PeakLane[] }> {
  const child = await startNodeProcess(execPath)
  const measure = async (count: number): Promise<{ gflops: number; instruction: string }> =>
    (await child.call({ call: 'peak', threads: count })) as { gflops: number; instruction: string }
  const { instruction } = await measure(1)
  return {
    ...child,
    lanes: threads.map((count) => ({
      runtime: 'node',
      threads: count,
      instruction,
      measure: async () => (await measure(count)).gflops,
    })),
  }
}
