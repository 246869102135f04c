/** `npm start`: the built page on loopback, `-- --port 8000` for another port. */
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import sirv from 'sirv'
import { securityHeaders } from './security-headers.ts'

const usage = `npm start [-- --port <number>]

Serves the demo on this machine alone, http://127.0.0.1:4173 by default; with --port 0 at a free port.`

function main(): void {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '4173' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) {
    console.log(usage)
    return
  }
  const port = Number(values.port)
  if (!/^\d+$/.test(values.port) || port > 65_535)
    throw new Error(`--port: ${values.port} is no port, 0 to 65535`)
  const headers = Object.entries(securityHeaders())
  const files = sirv(fileURLToPath(new URL('./site', import.meta.url)), {
    gzip: true,
    brotli: true,
    etag: true,
    setHeaders(response) {
      for (const [name, value] of headers) response.setHeader(name, value)
    },
  })
  const server = createServer((request, response) => {
    // Another name for this machine may belong to a page that wants to read what is served here.
    if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(request.headers.host ?? '')) {
      response.writeHead(421).end()
      return
    }
    files(request, response, () => {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found')
    })
  })
  server.on('error', (error: NodeJS.ErrnoException) => {
    fail(
      error.code === 'EADDRINUSE'
        ? `port ${port} is taken; choose another by -- --port <number>`
        : error.message,
    )
  })
  server.listen(port, '127.0.0.1', () => {
    const address = server.address()
    console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : port}`)
  })
}

function fail(message: string): void {
  process.stderr.write(`start: ${message}\n`)
  process.exitCode = 1
}

try {
  main()
} catch (error) {
  fail((error as Error).message)
}
