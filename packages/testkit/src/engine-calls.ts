/** Calls of functions in a page without a driver: the page asks its server what to call, and sends back what that gave. */
import type { IncomingMessage } from 'node:http'
import type { Page } from './server.ts'

/** Where the page asks, at its server. */
export const callsPath = '/calls'

/** A function of what the page loads first: run that, then answer calls for ever. Its source, for a script. */
export const askForCalls = `(async (load) => {
  const post = async (path, value) => (await fetch(path, { method: 'POST', body: JSON.stringify(value) })).json()
  const failed = (error) => ({ error: String(error && error.stack && !error.stack.includes(error.message) ? error + '\\n' + error.stack : (error && error.stack) || error) })
  let answer
  try { await load() } catch (error) { answer = failed(error) }
  for (;;) {
    const { name, args } = await post('${callsPath}', answer ?? {})
    try {
      if (typeof globalThis[name] !== 'function') throw new Error('the page has no function ' + name)
      answer = { value: await globalThis[name](...args) }
    } catch (error) { answer = failed(error) }
  }
})`

/** The server's side of one page. */
export interface EngineCalls {
  /** Resolves when the page asks for the first time. */
  readonly asked: Promise<void>
  /** Answers the page at {@link callsPath}, once there is a call. */
  next(request: IncomingMessage): Promise<Page>
  /**
   * Call `globalThis[name]` of the page, one call after the other; arguments and result are JSON.
   * @throws Error what the call throws there, what the page failed to load with, or that there was no answer in time.
   */
  call<T>(name: string, ...args: readonly unknown[]): Promise<T>
}

interface Call {
  readonly text: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** @param limit Milliseconds that a call may take. */
export function engineCalls(engine: string, limit: number): EngineCalls {
  const calls: Call[] = []
  let wake = (): void => {}
  let ask = (): void => {}
  const asked = new Promise<void>((resolve) => {
    ask = resolve
  })
  let current: Call | undefined
  /** Why the page did not load. */
  let broken: Error | undefined

  return {
    asked,
    async next(request) {
      ask()
      const { value, error } = JSON.parse(await bodyOf(request)) as { value?: unknown; error?: string }
      if (error === undefined) current?.resolve(value)
      else if (current) current.reject(new Error(`in ${engine}: ${error}`))
      else broken = new Error(`in ${engine}: ${error}`)
      current = undefined
      while (calls.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      current = calls.shift()
      if (broken) current?.reject(broken)
      return { type: 'application/json', body: current?.text ?? '{}' }
    },
    async call<T>(name: string, ...args: readonly unknown[]): Promise<T> {
      let timer: ReturnType<typeof setTimeout> | undefined
      try {
        return (await new Promise<unknown>((resolve, reject) => {
          calls.push({ text: JSON.stringify({ name, args }), resolve, reject })
          timer = setTimeout(
            () => reject(new Error(`${engine} did not answer ${name} within ${limit} ms`)),
            limit,
          )
          wake()
        })) as T
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}
