/** `npm start`: the built page on loopback, `-- --port 8000` for another port. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createSiteServer } from './site-server.ts'

const usage = `npm start [-- --port <number>] [--host <name>]

Serves the demo to this machine alone and prints its address.

  --port <number>  default 4173; 0 is any free port
  --host <name>    127.0.0.1 (default), localhost or ::1
  --help           print this

Other machines need HTTPS, without which browsers give a page neither cameras nor several threads:
put apps/demo/dist/site on any server of files; apps/demo/README.md says how.`

const hosts = ['127.0.0.1', 'localhost', '::1']

function main(): void {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '4173' },
      host: { type: 'string', default: '127.0.0.1' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    console.log(usage)
    return
  }
  const { host } = values
  const port = Number(values.port)
  if (!/^\d+$/.test(values.port) || port > 65_535) {
    throw new Error(`--port: "${values.port}" is no port; give a number from 0 to 65535`)
  }
  if (!hosts.includes(host)) {
    throw new Error(`--host: "${host}" is not this machine alone; choose ${hosts.join(', ')}, or see --help`)
  }
  const folder = fileURLToPath(new URL('./site', import.meta.url))
  if (!existsSync(folder)) throw new Error(`${folder} is not there; build it with npm run build`)

  const server = createSiteServer(folder)
  server.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    const taken = `port ${port} is taken; choose another by -- --port <number>, or any free one by -- --port 0`
    fail(code === 'EADDRINUSE' ? taken : message)
  })
  server.listen(port, host, () => {
    const address = server.address()
    const name = host.includes(':') ? `[${host}]` : host
    console.log(`http://${name}:${typeof address === 'object' ? address?.port : port}`)
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      server.close()
      server.closeAllConnections()
    })
  }
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
