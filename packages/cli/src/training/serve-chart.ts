import { createServer, type ServerResponse } from 'node:http'
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

/** A page on this machine that draws the entries of `log` and those that follow. */
export async function serveChart(port: number, log: JsonLines): Promise<Chart> {
  const listeners = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    if (pathname === '/') {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(chartPage)
    } else if (pathname === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      for (const entry of log.entries()) response.write(message(entry))
      listeners.add(response)
      request.on('close', () => listeners.delete(response))
    } else {
      response.writeHead(404).end()
    }
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

function message(entry: object): string {
  return `data: ${JSON.stringify(entry)}\n\n`
}
