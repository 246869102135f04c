import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Reproducible bytes that look like nothing in particular. */
export function someBytes(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = seed
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export interface Seen {
  readonly url: string
  readonly host: string
  readonly headers: IncomingMessage['headers']
}

export type Handler = (request: IncomingMessage, response: ServerResponse, index: number) => unknown

export interface TestServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Every request, in order. */
  readonly seen: Seen[]
  handler: Handler
}

export async function startServer(handler: Handler): Promise<TestServer> {
  const seen: Seen[] = []
  const server: Server = createServer(async (request, response) => {
    const index = seen.length
    seen.push({ url: request.url ?? '', host: request.headers.host ?? '', headers: request.headers })
    response.on('error', () => {})
    await result.handler(request, response, index)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const result: TestServer = {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    handler,
    async [Symbol.asyncDispose](): Promise<void> {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return result
}

export interface FileOptions {
  readonly etag?: string
  readonly lastModified?: string
  /** Answer every request with the whole file. */
  readonly ignoreRange?: boolean
  /** Continue even when If-Range names another file. */
  readonly ignoreIfRange?: boolean
  /** Leave the length out. */
  readonly chunked?: boolean
  readonly headers?: Record<string, string>
}

/** Answer as a correct static server does. `cut` ends the connection after that many bytes of the body. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  body: Uint8Array,
  options: FileOptions = {},
  cut?: number,
): void {
  const validator = options.etag ?? options.lastModified
  const headers: Record<string, string> = { 'content-type': 'application/octet-stream', ...options.headers }
  if (options.etag) headers.etag = options.etag
  if (options.lastModified) headers['last-modified'] = options.lastModified
  if (options.etag && request.headers['if-none-match'] === options.etag) {
    response.writeHead(304, headers).end()
    return
  }
  const range = options.ignoreRange ? null : /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
  const ifRange = request.headers['if-range']
  const applies = range && (options.ignoreIfRange || ifRange === undefined || ifRange === validator)
  const start = applies ? Number(range[1]) : 0
  if (applies && start >= body.length) {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${body.length}` }).end()
    return
  }
  if (applies) headers['content-range'] = `bytes ${start}-${body.length - 1}/${body.length}`
  const part = body.subarray(start)
  if (!options.chunked) headers['content-length'] = String(part.length)
  response.writeHead(applies ? 206 : 200, headers)
  if (cut === undefined) response.end(part)
  else response.write(part.subarray(0, cut), () => setTimeout(() => response.destroy(), 20))
}
