/** Calls that wait until a page asks for them. Not responsible for starting the page. */
import type { IncomingMessage } from 'node:http'
import type { Page } from './server.ts'

/** What a page with no driver is told to do: it posts the answer to the last call, and is answered with the next. */
export interface CallQueue {
  /** The answer to a page's request, once there is something to do. */
  next(request: IncomingMessage): Promise<Page>
  /** Have the page call `name`, one call after the other; arguments and result are JSON. Rejects with what `lost` rejects with. */
  call<T>(lost: Promise<never>, name: string, ...args: readonly unknown[]): Promise<T>
}

interface Call {
  readonly text: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** @param limit Milliseconds that a call may take. */
export function callQueue(engine: string, limit: number): CallQueue {
  const calls: Call[] = []
  let wake = (): void => {}
  let current: Call | undefined
  /** Why the page's module did not run. */
  let broken: Error | undefined
  return {
    async next(request) {
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
    async call<T>(lost: Promise<never>, name: string, ...args: readonly unknown[]): Promise<T> {
      let timer: ReturnType<typeof setTimeout> | undefined
      const answered = new Promise<unknown>((resolve, reject) => {
        calls.push({ text: JSON.stringify({ name, args }), resolve, reject })
        timer = setTimeout(
          () => reject(new Error(`${engine} did not answer ${name} within ${limit} ms`)),
          limit,
        )
        wake()
      })
      try {
        return (await Promise.race([answered, lost])) as T
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
