import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { securityHeaders } from '../src/security-headers.ts'
import { createSiteServer } from '../src/site-server.ts'

const folder = fileURLToPath(new URL('../dist/site', import.meta.url))
const program = fileURLToPath(new URL('../dist/serve.mjs', import.meta.url))
const model = '/models/fashion-mnist.folded.safetensors'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

describe('the server of the page', () => {
  const server = createSiteServer(folder)
  let port = 0
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as { port: number }).port
  })
  afterAll(() => void server.close())

  /** `path` as it is: `fetch` would tidy it. */
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part) => parts.push(part))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers as Record<string, string>,
            body: Buffer.concat(parts),
          }),
        )
      })
      asked.on('error', reject).end()
    })

  it('sends every file with the headers of the page, and keeps for ever what is named by its content', async () => {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/\.(br|gz)$/.test(entry.name))
      .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(folder.length))
    expect(files.length).toBeGreaterThan(30)
    for (const path of files) {
      const { status, headers } = await ask(path)
      expect(status, path).toBe(200)
      for (const [name, value] of Object.entries(securityHeaders())) {
        expect(headers[name.toLowerCase()], `${path} ${name}`).toBe(value)
      }
      expect(headers['content-type'], path).toMatch(/^(text|image|application)\//)
      const kept = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'
      expect(headers['cache-control'], path).toBe(kept)
    }
  })

  it('sends compressed files to who takes them, and the plain one to who does not', async () => {
    const plain = readFileSync(folder + model)
    const brotli = await ask(model, { 'accept-encoding': 'gzip, deflate, br' })
    expect(brotli.headers['content-encoding']).toBe('br')
    expect(brotli.headers.vary).toBe('Accept-Encoding')
    expect(brotliDecompressSync(brotli.body).equals(plain)).toBe(true)
    const gzipped = await ask(model, { 'accept-encoding': 'gzip' })
    expect(gzipped.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(gzipped.body).equals(plain)).toBe(true)
    expect((await ask(model)).body.equals(plain)).toBe(true)
  })

  it('answers that nothing has changed', async () => {
    const { headers } = await ask('/')
    const again = await ask('/', { 'if-none-match': headers.etag as string })
    expect(again.status).toBe(304)
    expect(again.body.length).toBe(0)
  })

  it.each([
    ['bytes=0-9', 206, [0, 10]],
    ['bytes=100-', 206, [100, undefined]],
    ['bytes=9-0', 200, [0, undefined]],
    ['bytes=-5', 200, [0, undefined]],
    ['bytes=0-1,4-5', 200, [0, undefined]],
    ['lines=0-1', 200, [0, undefined]],
  ] as const)('answers %s with %i', async (range, status, [start, end]) => {
    const answer = await ask(model, { range, 'accept-encoding': 'br' })
    const encoded = answer.headers['content-encoding'] === 'br'
    const body = encoded ? brotliDecompressSync(answer.body) : answer.body
    expect(answer.status).toBe(status)
    expect(encoded).toBe(status === 200)
    expect(body.equals(readFileSync(folder + model).subarray(start, end))).toBe(true)
  })

  it('has no bytes beyond the end', async () => {
    expect((await ask(model, { range: 'bytes=99999999-' })).status).toBe(416)
  })

  it.each([
    '/nothing',
    '/nothing.js',
    '/../package.json',
    '/..%2f..%2fpackage.json',
    '/assets/..%2f..%2f..%2fpackage.json',
    '/%2e%2e/serve.mjs',
    '/..\\serve.mjs',
    '/%00',
    '/%ff',
    '//etc/passwd',
    '/.git/config',
  ])('has nothing at %s', async (path) => {
    const { status, headers, body } = await ask(path)
    expect(status).toBe(404)
    expect(body.toString()).toBe('not found\n')
    expect(headers['x-content-type-options']).toBe('nosniff')
  })

  it('takes no other name for this machine, and no other method', async () => {
    for (const host of ['example.com', '127.0.0.1.example.com', 'localhost.', 'localhost:1@example.com']) {
      expect((await ask('/', { host })).status, host).toBe(421)
    }
    for (const host of [`localhost:${port}`, `[::1]:${port}`]) {
      expect((await ask('/', { host })).status, host).toBe(200)
    }
    const { status, headers } = await ask('/', {}, 'POST')
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD'])
    expect((await ask('/', {}, 'HEAD')).body.length).toBe(0)
  })
})

describe('npm start', () => {
  const run = (...args: string[]) => spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })

  it('tells how to use it', () => {
    const { status, stdout } = run('--help')
    expect(status).toBe(0)
    expect(stdout).toContain('--port <number>')
  })

  it.each([
    [['--port', 'x'], /^start: --port: "x" is no port; give a number from 0 to 65535\n$/],
    [['--port', '65536'], /65535/],
    [['--host', '0.0.0.0'], /^start: --host: "0\.0\.0\.0" is not this machine alone; choose 127\.0\.0\.1/],
    [['--prot', '1'], /^start: Unknown option '--prot'/],
  ])('says what is wrong with %s', (args, message) => {
    const { status, stderr } = run(...args)
    expect(status).toBe(1)
    expect(stderr).toMatch(message)
  })

  it('says that the port is taken, and ends quietly when it is interrupted', async () => {
    const first = spawn(process.execPath, [program, '--port', '0'])
    let errors = ''
    first.stderr.on('data', (text) => (errors += text))
    const [address] = (await once(first.stdout, 'data')) as [Buffer]
    const { port } = new URL(address.toString().trim())
    const second = run('--port', port)
    expect(second.status).toBe(1)
    expect(second.stderr).toBe(
      `start: port ${port} is taken; choose another by -- --port <number>, or any free one by -- --port 0\n`,
    )
    // A connection that stays open keeps nobody waiting.
    await fetch(`http://127.0.0.1:${port}/`).then((response) => response.text())
    first.kill('SIGINT')
    const [code] = await once(first, 'exit')
    expect([code, errors]).toEqual([0, ''])
  })
})
