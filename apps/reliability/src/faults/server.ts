import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Answers the request with number `index`. */
export type Handler = (request: IncomingMessage, response: ServerResponse, index: number) => unknown

/** A server of this machine, which misbehaves as its handler says. */
export interface FaultServer {
  readonly url: string
  /** The headers of the requests, in order. */
  readonly seen: readonly IncomingMessage['headers'][]
}

/** What `use` gives, with a server that answers by `handler` while it lasts. */
export async function serving<T>(handler: Handler, use: (server: FaultServer) => Promise<T>): Promise<T> {
  const seen: IncomingMessage['headers'][] = []
  const server = createServer((request, response) => {
    response.on('error', () => {})
    seen.push(request.headers)
    handler(request, response, seen.length - 1)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await use({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen })
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

/** The file, or the rest of it that was asked for, as a static server sends it; `cut` resets the connection after so many bytes. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  body: Uint8Array,
  { etag = '"one"', cut }: { readonly etag?: string; readonly cut?: number } = {},
): void {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? []
  const isRest = from !== undefined && request.headers['if-range'] === etag
  const start = isRest ? Number(from) : 0
  const part = body.subarray(start)
  response.writeHead(isRest ? 206 : 200, {
    'content-type': 'application/octet-stream',
    'content-length': part.length,
    etag,
    ...(isRest && { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` }),
  })
  if (cut === undefined) response.end(part)
  else response.write(part.subarray(0, cut), () => setTimeout(() => response.socket?.resetAndDestroy(), 20))
}
