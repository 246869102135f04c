import { createServer, type IncomingMessage, type Server } from 'node:http'
import sirv from 'sirv'
import { securityHeaders } from './security-headers.ts'

/** The names of this machine for itself. Another name may belong to a page that wants to read what is served here. */
const loopback = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/
/** What the bundler names by its content. */
const hashed = /^\/assets\/[^/]+-[\w-]{8}\.\w+$/

/**
 * The files of a built page, with the headers it asks for and compressed where a file with `.br` or `.gz` lies beside; to this machine
 * alone. What is named by its content is kept for ever, everything else is asked for again. `folder` is read once, now.
 */
export function createSiteServer(folder: string): Server {
  const always = Object.entries(securityHeaders())
  const files = sirv(folder, {
    gzip: true,
    brotli: true,
    etag: true,
    setHeaders(response, path) {
      response.setHeader(
        'Cache-Control',
        hashed.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      )
      if (/\.(safetensors|idx)$/.test(path)) response.setHeader('Content-Type', 'application/octet-stream')
    },
  })
  return createServer((request, response) => {
    for (const [name, value] of always) response.setHeader(name, value)
    const refuse = (status: number, message: string): void => {
      response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${message}\n`)
    }
    if (!loopback.test(request.headers.host ?? '')) {
      refuse(421, 'this page is served to 127.0.0.1, localhost and [::1] alone')
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      refuse(405, 'there are only files here: GET or HEAD')
    } else {
      keepSimpleRange(request)
      files(request, response, () => refuse(404, 'not found'))
    }
  })
}

/**
 * sirv knows `first-last` and `first-`, of the bytes it sends. Of another range a server may send the whole; a part is of the plain
 * file, because nobody can join parts of differently compressed ones.
 */
function keepSimpleRange({ headers }: IncomingMessage): void {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? []
  const isKept = first !== undefined && !headers['if-range'] && (!last || Number(last) >= Number(first))
  if (isKept) delete headers['accept-encoding']
  else delete headers.range
}
