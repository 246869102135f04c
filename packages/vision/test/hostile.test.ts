import { rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { isMobileOneError } from '@mobileone/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decode } from '../src/index.ts'
import { imageLimits } from '../src/limits.ts'

/** The error of a promise that must fail, as `code: message`. */
async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (!isMobileOneError(error)) throw error
    return `${error.code}: ${error.message}`
  }
  throw new Error('expected a failure')
}

const turbulence = (size: number): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"><filter id="f"><feTurbulence ` +
  'baseFrequency=".01" numOctaves="9"/></filter><rect width="100%" height="100%" filter="url(#f)"/></svg>'

describe('SVG', () => {
  const huge = Buffer.from(turbulence(9000))

  test.each([
    ['as it is', huge],
    ['after a comment', Buffer.from(`<!--${'x'.repeat(500)}-->${huge}`)],
    ['after a byte-order mark', Buffer.from(`\ufeff${huge}`)],
    ['gzipped', gzipSync(huge)],
  ])('is refused before any drawing: %s', { retry: 2 }, async (_, bytes) => {
    const start = performance.now()
    expect(await failure(decode(bytes))).toMatch(/^invalid-file: .*(an SVG.*svg: true|not an image)/)
    expect(await failure(decode(new Blob([bytes])))).toMatch(/^invalid-file: /)
    expect(await failure(decode(`data:image/svg+xml;base64,${bytes.toString('base64')}`))).toMatch(
      /^invalid-file: /,
    )
    expect(performance.now() - start).toBeLessThan(2000)
  })

  test('is drawn where asked for', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"><rect width="3" height="2" fill="#f00"/></svg>'
    const image = await decode(Buffer.from(svg), { svg: true })
    expect([image.width, image.height, ...image.data.subarray(0, 3)]).toEqual([3, 2, 255, 0, 0])
  })

  test('an abort does not wait for the drawing', { retry: 2 }, async () => {
    const start = performance.now()
    const drawing = decode(Buffer.from(turbulence(2500)), { svg: true, signal: AbortSignal.timeout(50) })
    expect(await failure(drawing)).toMatch(/^aborted: decoding/)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})

describe('servers', () => {
  let server: Server
  let origin: string
  let sent = 0
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xe0])

  beforeAll(async () => {
    const bomb = gzipSync(Buffer.concat([head, Buffer.alloc(2e8)]), { level: 1 })
    const zeros = gzipSync(Buffer.alloc(2e7), { level: 1 })
    server = createServer((request, response) => {
      if (request.url === '/bomb') response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
      else if (request.url === '/zeros') response.writeHead(200, { 'content-encoding': 'gzip' }).end(zeros)
      else if (request.url === '/long') response.writeHead(200, { 'content-length': 1e12 }).write(head)
      else if (request.url === '/silent') response.writeHead(200).write(head)
      else if (request.url === '/endless') {
        const more = (): void => {
          if (response.destroyed) return
          sent += 65536
          response.write(
            sent === 65536 ? Buffer.concat([head, Buffer.alloc(65532)]) : Buffer.alloc(65536),
            more,
          )
        }
        more()
      }
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  test('a body that unpacks to more than allowed is left when it does', async () => {
    const before = process.memoryUsage().arrayBuffers
    expect(await failure(decode(`${origin}/bomb`))).toMatch(
      /^invalid-input: http.*bomb has \d+ bytes or more, over the 67108864 allowed; .*maxBytes/,
    )
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(imageLimits.maxBytes * 2)
    expect(await failure(decode(await fetch(`${origin}/bomb`), { maxBytes: 1e6 }))).toMatch(
      /over the 1000000/,
    )
  })

  test('a body that is no image is left at its first kilobytes', async () => {
    expect(await failure(decode(`${origin}/zeros`))).toMatch(/^invalid-file: .*not an image/)
  })

  test('a length over the limit is refused before the body', async () => {
    expect(await failure(decode(`${origin}/long`))).toMatch(
      /^invalid-input: .*has 1000000000000 bytes or more/,
    )
  })

  test('an endless body ends at the limit', async () => {
    expect(await failure(decode(`${origin}/endless`, { maxBytes: 1e6 }))).toMatch(/^invalid-input: /)
    expect(sent).toBeLessThan(1e7)
  })

  test.each(['silent', 'absent'])('silence ends: %s', { retry: 2 }, async (path) => {
    const start = performance.now()
    expect(await failure(decode(`${origin}/${path}`, { stallTimeoutMs: 200 }))).toMatch(
      /^network: .* the server sent nothing for 0.2 s; .*stallTimeoutMs/,
    )
    const aborted = decode(`${origin}/${path}`, { signal: AbortSignal.timeout(100) })
    expect(await failure(aborted)).toMatch(/^aborted: loading http/)
    expect(performance.now() - start).toBeLessThan(5000)
  })
})

test('files and Blobs over the limit are not read', async () => {
  const path = join(tmpdir(), `vision-large-${process.pid}.jpg`)
  writeFileSync(path, '')
  truncateSync(path, 2e9)
  try {
    expect(await failure(decode(path))).toMatch(/^invalid-input: .*has 2000000000 bytes or more/)
  } finally {
    rmSync(path)
  }
  expect(await failure(decode(new Blob([new Uint8Array(2000)]), { maxBytes: 1000 }))).toMatch(
    /^invalid-input: the Blob has 2000 bytes or more/,
  )
})

test('limits are numbers of at least 1', async () => {
  for (const option of ['maxBytes', 'stallTimeoutMs', 'maxPixels']) {
    expect(await failure(decode(new Uint8Array(9), { [option]: 0 }))).toMatch(
      new RegExp(`^invalid-argument: ${option} must be at least 1`),
    )
  }
})
