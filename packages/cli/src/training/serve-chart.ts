import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MobileOneError } from '@mobileone/core'
import { chartPage } from './chart-page.ts'
import type { JsonLines } from './log.ts'

export interface Chart {
  readonly url: string
  /** Show one more entry. */
  push(entry: object): void
  close(): Promise<void>
}

/** What this machine calls itself. Any other name was made to lead here by whoever owns it (DNS rebinding). */
const ownNames: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/**
 * A page on this machine, and for it alone, that draws the entries of `log` and those that follow. No request can end the run that
 * is shown.
 */
export async function serveChart(port: number, log: Pick<JsonLines, 'entries'>): Promise<Chart> {
  const listeners = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').replace(/[?#].*/s, '')
    if (!ownNames.includes(hostName(request))) response.writeHead(421).end()
    else if (path === '/') {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(chartPage)
    } else if (path === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      for (const entry of log.entries()) response.write(message(entry))
      listeners.add(response)
      response.on('close', () => listeners.delete(response))
    } else response.writeHead(404).end()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new MobileOneError('unavailable', `the chart cannot be served on port ${port}: ${cause.message}`, {
          cause,
        }),
      ),
    )
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    push(entry) {
      for (const listener of listeners) listener.write(message(entry))
    },
    async close() {
      for (const listener of listeners) listener.end()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function hostName({ headers }: IncomingMessage): string {
  return (headers.host ?? '').replace(/:\d+$/, '').toLowerCase()
}

function message(entry: object): string {
  return `data: ${JSON.stringify(entry)}\n\n`
}
