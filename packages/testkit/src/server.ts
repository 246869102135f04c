import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, isIP } from 'node:net'

export interface Page {
  /** Default 200. */
  readonly status?: number
  readonly body: string | Uint8Array
  readonly type: string
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * A local HTTP server that answers from `find`; cross-origin isolated, so that shared memory may be used. Any free port by default.
 * Pages of other names get nothing: their name may have been made to lead here (DNS rebinding).
 */
export async function serve(
  find: (path: string, request: IncomingMessage) => Page | undefined | Promise<Page | undefined>,
  { port = 0, host = '127.0.0.1' }: { readonly port?: number; readonly host?: string } = {},
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const answer = async (request: IncomingMessage): Promise<Page & { readonly status: number }> => {
    const name = hostName(request)
    if (!isIP(name) && name !== 'localhost' && name !== host) {
      return { status: 421, type: 'text/plain', body: 'not the name of this server' }
    }
    const page = await find((request.url ?? '/').replace(/[?#].*/s, ''), request)
    return page ? { status: 200, ...page } : { status: 404, type: 'text/plain', body: 'not found' }
  }
  // Closing a connection that rests may cross with the next request of a client that was busy.
  const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
    const failed: Page & { readonly status: number } = {
      status: 500,
      type: 'text/plain',
      body: 'this request cannot be answered',
    }
    const { status, type, body, headers: more } = await answer(request).catch(() => failed)
    const headers = {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
      'Content-Type': type,
      ...more,
    }
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    response.writeHead(status).end(body)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** What the request calls this server, without the port and the brackets of IPv6. */
function hostName({ headers }: IncomingMessage): string {
  return (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
}
