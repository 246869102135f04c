import { spawn } from 'node:child_process'
import { readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fetchWeights } from '../src/index.ts'
import { bundleHub } from './bundle.ts'
import { failure, hubContext } from './hub-context.ts'
import { sendFile, sha256, someBytes } from './server.ts'

const body = someBytes(3_000_000)
const hash = sha256(body)
const etag = '"v1"'

describe('an aborted download', () => {
  const hub = hubContext()

  async function abortInTheMiddle(reason?: unknown): Promise<void> {
    await hub.serve((request, response, index) =>
      sendFile(request, response, body, { etag }, index === 0 ? 1_500_000 : undefined),
    )
    const hang = hub.server.handler
    hub.server.handler = (request, response, index) => {
      if (index > 0) return hang(request, response, index)
      response.writeHead(200, { etag, 'content-length': String(body.length) })
      response.write(body.subarray(0, 1_500_000))
    }
    const controller = new AbortController()
    const onProgress = ({ done }: { done: number }): void => {
      if (done >= 1_000_000) controller.abort(reason)
    }
    const error = await failure(
      fetchWeights(hub.server.url, { ...hub.options, signal: controller.signal, onProgress }),
    )
    expect(error.code).toBe('aborted')
    expect(error.cause).toBe(controller.signal.reason)
  }

  test('leaves only the unfinished part; the next call completes it', async () => {
    await abortInTheMiddle(new Error('the user pressed stop'))
    const files = await hub.files()
    expect(files).toEqual([expect.stringMatching(/^unfinished\/[0-9a-f]{32}\.part$/)])
    const part = await readFile(join(hub.directory, files[0]!))
    const line = part.indexOf(0x0a)
    expect(JSON.parse(part.toString('utf8', 0, line))).toEqual({ validator: etag, total: body.length })
    expect(Buffer.compare(part.subarray(line + 1), body.subarray(0, part.length - line - 1))).toBe(0)

    const result = await fetchWeights(hub.server.url, hub.options)
    expect(result).toMatchObject({ sha256: hash, fromCache: false })
    expect(hub.server.seen).toHaveLength(2)
    expect(hub.server.seen[1]?.headers.range).toBe(`bytes=${part.length - line - 1}-`)
    expect(await hub.files()).toEqual([`blobs/${hash}`, expect.stringMatching(/^entries\//)])
  })

  test('starts again when the file changed in between', async () => {
    await abortInTheMiddle()
    const other = someBytes(2_000_000, 5)
    hub.server.handler = (request, response) => sendFile(request, response, other, { etag: '"v2"' })
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(sha256(other))
    expect((await hub.cache.list()).map((entry) => entry.size)).toEqual([other.length])
  })

  test.each([
    ['damaged header', (part: Buffer) => part.fill(0x61, 0, 40)],
    ['no bytes at all', () => Buffer.alloc(0)],
    ['longer than the limit', (part: Buffer) => Buffer.concat([part, Buffer.alloc(3_000_000)])],
  ])('whose part has a %s is downloaded from the start', async (_, damage) => {
    await abortInTheMiddle()
    const file = join(hub.directory, (await hub.files())[0]!)
    await writeFile(file, damage(await readFile(file)))
    const options = { ...hub.options, maxBytes: 4_000_000 }
    expect((await fetchWeights(hub.server.url, options)).sha256).toBe(hash)
    expect(hub.server.seen[1]?.headers.range).toBeUndefined()
    expect((await hub.files()).filter((name) => name.startsWith('unfinished'))).toEqual([])
  })

  test('before the call makes no request; while it waits for a retry ends at once', {
    retry: 2,
  }, async () => {
    await hub.serve((_, response) => response.writeHead(503, { 'retry-after': '30' }).end())
    const early = await failure(fetchWeights(hub.server.url, { ...hub.options, signal: AbortSignal.abort() }))
    expect(early.code).toBe('aborted')
    expect(hub.server.seen).toHaveLength(0)
    const start = performance.now()
    const late = await failure(
      fetchWeights(hub.server.url, { ...hub.options, signal: AbortSignal.timeout(200) }),
    )
    expect(late.code).toBe('aborted')
    expect((late.cause as Error).name).toBe('TimeoutError')
    expect(performance.now() - start).toBeLessThan(5000)
  })

  test('an error thrown by onProgress reaches its caller and keeps the part', async () => {
    await hub.serve((request, response) => sendFile(request, response, body, { etag }))
    const thrown = new Error('listener')
    const onProgress = ({ done }: { done: number }): void => {
      if (done > 500_000) throw thrown
    }
    expect(await failure(fetchWeights(hub.server.url, { ...hub.options, onProgress }))).toBe(thrown)
    expect(await hub.files()).toEqual([expect.stringMatching(/\.part$/)])
  })

  test('a part another running process writes is left alone', async () => {
    await abortInTheMiddle()
    const { diskPartialFiles } = await import('../src/node/disk-partial-files.ts')
    const partials = diskPartialFiles(join(hub.directory, 'unfinished'))
    const key = `${hub.server.url}/`
    const claimed = await partials.claim(key, 1e9)
    expect(claimed?.header.validator).toBe(etag)
    expect(await partials.claim(key, 1e9)).toBeUndefined()
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(hash)
    expect(hub.server.seen[1]?.headers.range).toBeUndefined()
    await claimed?.writer.keep(claimed.bytes)
    const again = await partials.claim(key, 1e9)
    expect(again?.bytes.length).toBe(claimed?.bytes.length)
    await again?.writer.discard()
  })
})

describe('a part on disk', () => {
  const hub = hubContext()
  const key = (): string => `${hub.server.url}/`

  async function leavePart(length: number): Promise<string> {
    const writer = await hub.cache.partials!.create(key(), { validator: etag, total: body.length })
    await writer.append(body.subarray(0, length))
    await writer.keep(body.subarray(0, length))
    return join(hub.directory, (await hub.files())[0]!)
  }

  test('that is complete needs no request', async () => {
    await hub.serve((request, response) => sendFile(request, response, body, { etag }))
    await leavePart(body.length)
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(hash)
    expect(hub.server.seen).toHaveLength(0)
    expect(await hub.files()).toEqual([`blobs/${hash}`, expect.stringMatching(/^entries\//)])
  })

  test('of another machine is continued only when it has long been left', async () => {
    await hub.serve((request, response) => sendFile(request, response, body, { etag }))
    const free = await leavePart(1000)
    const foreign = free.replace(/part$/, '00000000-1-00000000.part')
    await rename(free, foreign)
    expect(await hub.cache.partials!.claim(key(), 1e9)).toBeUndefined()
    const before = new Date(Date.now() - 11 * 60_000)
    await utimes(foreign, before, before)
    const claimed = await hub.cache.partials!.claim(key(), 1e9)
    expect(claimed?.bytes.length).toBe(1000)
    await claimed?.writer.discard()
    expect(await hub.files()).toEqual([])
  })
})

describe('a process that is killed while it downloads', () => {
  const hub = hubContext()

  test('leaves a part that the next process continues', async () => {
    await hub.serve((request, response, index) => {
      if (index > 0) return sendFile(request, response, body, { etag })
      response.writeHead(200, { etag, 'content-length': String(body.length) })
      response.write(body.subarray(0, 1_500_000))
    })
    const bundle = join(hub.directory, '..', `${basename(hub.directory)}-bundle`)
    onTestFinished(() => rm(bundle, { recursive: true, force: true }))
    const module = pathToFileURL(await bundleHub(bundle)).href
    const script = `
      import { fetchWeights, openDiskCache } from ${JSON.stringify(module)}
      const cache = await openDiskCache(${JSON.stringify(hub.directory)})
      const onProgress = ({ done }) => { if (done >= 1_500_000) process.stdout.write('ready') }
      await fetchWeights(${JSON.stringify(hub.server.url)}, { cache, onProgress })
    `
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = new Promise((resolve) => child.once('exit', resolve))
    await Promise.race([exited, new Promise((resolve) => child.stdout.once('data', resolve))])
    child.kill('SIGKILL')
    await exited
    expect(await hub.files()).toEqual([
      expect.stringMatching(/^unfinished\/[0-9a-f]{32}\.[0-9a-f]{8}-\d+-[0-9a-f]{8}\.part$/),
    ])
    expect((await fetchWeights(hub.server.url, hub.options)).sha256).toBe(hash)
    expect(hub.server.seen[1]?.headers.range).toBe('bytes=1500000-')
    expect(await hub.files()).toEqual([`blobs/${hash}`, expect.stringMatching(/^entries\//)])
  })
})
