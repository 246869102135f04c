import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Page {
  readonly body: string | Uint8Array
  readonly type: string
}

/** A local HTTP server that answers from `find`; cross-origin isolated, so that shared memory may be used. Any free port by default. */
export async function serve(
  find: (path: string) => Page | undefined | Promise<Page | undefined>,
  { port = 0, host = '127.0.0.1' }: { readonly port?: number; readonly host?: string } = {},
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    const page = await find(new URL(request.url ?? '/', 'http://localhost').pathname)
    const headers = {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
      'Content-Type': page?.type ?? 'text/plain',
    }
    response.writeHead(page ? 200 : 404, headers).end(page?.body ?? 'not found')
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
