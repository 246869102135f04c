import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { crc32 } from 'node:zlib'
import { isMobileOneError } from '@mobileone/core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decode, type Image, type ImageSource } from '../src/index.ts'
import { decodeFixtures, fixtures, fromBase64 } from './support/files.ts'

const folder = new URL('images/', fixtures)
const pathOf = (name: string): string => fileURLToPath(new URL(name, folder))

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

function expectPixels(image: Image, size: readonly [number, number], pixels: string): void {
  expect([image.width, image.height, image.channels]).toEqual([...size, 3])
  expect([...image.data]).toEqual([...fromBase64(pixels)])
}

describe("the pixels of Pillow's open().convert('RGB')", () => {
  for (const [name, { size, pixels, upright }] of Object.entries(decodeFixtures)) {
    test(name, async () => {
      expectPixels(await decode(pathOf(name), { orientation: 'ignore' }), size, pixels)
      expectPixels(await decode(pathOf(name)), upright?.size ?? size, upright?.pixels ?? pixels)
    })
  }

  test('the set holds what can go wrong', () => {
    for (const name of [
      'cmyk.jpg',
      'profile.jpg',
      'rgba.png',
      'palette-transparent.png',
      'grey-16.png',
      'rgb-16.png',
    ]) {
      expect(Object.keys(decodeFixtures)).toContain(name)
    }
  })
})

describe('sources', () => {
  const name = 'chroma-420.jpg'
  const { size, pixels } = decodeFixtures[name]!
  let bytes: Uint8Array<ArrayBuffer>
  let server: Server
  let origin: string

  beforeAll(async () => {
    bytes = new Uint8Array(await readFile(pathOf(name)))
    server = createServer((request, response) => {
      if (request.url === '/image') response.end(bytes)
      else if (request.url === '/cut') {
        response.writeHead(200, { 'content-length': bytes.length })
        response.write(bytes.subarray(0, 100), () => response.destroy())
      } else if (request.url === '/html') {
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!doctype html>')
      } else if (request.url !== '/stall') response.writeHead(404).end('no')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  test('paths, URLs, bytes in every container, Blob, File, Response', async () => {
    const padded = new Uint8Array(bytes.length + 7)
    padded.set(bytes, 3)
    const sources: Record<string, ImageSource> = {
      path: pathOf(name),
      'file: URL': pathToFileURL(pathOf(name)),
      'file: string': pathToFileURL(pathOf(name)).href,
      'data: string': `data:image/jpeg;base64,${Buffer.from(bytes).toString('base64')}`,
      'http: string': `${origin}/image`,
      'http: URL': new URL(`${origin}/image`),
      Response: await fetch(`${origin}/image`),
      Uint8Array: bytes,
      'a part of an ArrayBuffer': padded.subarray(3, 3 + bytes.length),
      Buffer: Buffer.from(bytes),
      DataView: new DataView(padded.buffer, 3, bytes.length),
      ArrayBuffer: bytes.buffer,
      Blob: new Blob([bytes]),
      File: new File([bytes], 'chroma.jpg'),
    }
    for (const [kind, source] of Object.entries(sources)) {
      const image = await decode(source)
      expect([image.width, image.height], kind).toEqual(size)
      expect([...image.data], kind).toEqual([...fromBase64(pixels)])
    }
  })

  test('pixels: RGB is passed on, grey repeated, alpha dropped', async () => {
    const rgb = { width: 2, height: 1, channels: 3 as const, data: new Uint8Array([1, 2, 3, 4, 5, 6]) }
    expect((await decode(rgb)).data).toBe(rgb.data)
    expect((await decode({ width: 2, height: 1, data: rgb.data })).data).toBe(rgb.data)
    const grey = await decode({ width: 2, height: 1, data: new Uint8Array([7, 9]) })
    expect([...grey.data]).toEqual([7, 7, 7, 9, 9, 9])
    const rgba = await decode({ width: 1, height: 1, data: new Uint8ClampedArray([1, 2, 3, 0]) })
    expect([...rgba.data]).toEqual([1, 2, 3])
  })

  test('sharp given as the module, or as a promise of it', async () => {
    for (const lib of [sharp, Promise.resolve(sharp), import('sharp')]) {
      expectPixels(await decode(bytes, { lib }), size, pixels)
    }
  })

  test('sharp missing: the error says what to install', async () => {
    const lib = Promise.reject(new Error('Cannot find package sharp'))
    expect(await failure(decode(bytes, { lib }))).toMatch(/^unavailable: .*npm i sharp/)
  })

  test('network errors name the address', async () => {
    expect(await failure(decode(`${origin}/absent`))).toMatch(
      /^network: http.*absent: the server answered 404/,
    )
    expect(await failure(decode(`${origin}/html`))).toMatch(/^invalid-file: http.*html is an HTML page/)
    expect(await failure(decode(`${origin}/cut`))).toMatch(/^network: http.*cut: the connection ended before/)
    expect(await failure(decode('http://127.0.0.1:1/x.jpg'))).toMatch(/^network: http.*cannot be loaded/)
    const used = await fetch(`${origin}/image`)
    await used.arrayBuffer()
    expect(await failure(decode(used))).toMatch(/^invalid-input: .*clone/)
  })

  test('an abort ends a download that stalls, and a decode before it begins', async () => {
    const controller = new AbortController()
    const stalled = failure(decode(`${origin}/stall`, { signal: controller.signal }))
    setTimeout(() => controller.abort(), 20)
    expect(await stalled).toMatch(/^aborted: loading http/)
    expect(await failure(decode(bytes, { signal: AbortSignal.abort() }))).toMatch(
      /^aborted: decoding the Uint8Array/,
    )
    expect(await failure(decode(pathOf(name), { signal: AbortSignal.abort() }))).toMatch(/^aborted: /)
  })
})

describe('bad input', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'vision-'))
  afterAll(() => rmSync(scratch, { recursive: true }))
  const file = (name: string, content: Uint8Array | string): string => {
    const path = join(scratch, name)
    writeFileSync(path, content)
    return path
  }

  test('files that are absent, empty, no image, cut short, or no file are named with the reason', async () => {
    const jpeg = await readFile(pathOf('rgb.jpg'))
    const png = await readFile(pathOf('rgb.png'))
    expect(await failure(decode(join(scratch, 'absent.jpg')))).toMatch(
      /^invalid-file: .*absent\.jpg does not exist/,
    )
    expect(await failure(decode(scratch))).toMatch(/^invalid-file: .* it is not a file/)
    expect(await failure(decode(file('empty.jpg', '')))).toMatch(
      /^invalid-file: .*empty\.jpg cannot be decoded: it is empty/,
    )
    expect(await failure(decode(file('notes.jpg', 'some words, no picture')))).toMatch(
      /^invalid-file: .*notes\.jpg cannot be decoded: it is not an image/,
    )
    expect(await failure(decode(file('cut.jpg', jpeg.subarray(0, jpeg.length - 60))))).toMatch(
      /^invalid-file: .*cut\.jpg cannot be decoded: it is cut short or damaged/,
    )
    expect(await failure(decode(file('cut.png', png.subarray(0, 400))))).toMatch(
      /^invalid-file: .*cut\.png cannot be decoded: it is cut short or damaged/,
    )
  })

  test('no prefix of a file is decoded without complaint', async () => {
    for (const name of ['rgb.jpg', 'rgb.webp', 'palette.png']) {
      const bytes = await readFile(pathOf(name))
      for (let length = 0; length < bytes.length - 20; length += 7) {
        expect(await failure(decode(bytes.subarray(0, length))), `${name}, ${length} bytes`).toMatch(
          /^invalid-file: /,
        )
      }
    }
  })

  test('damaged files give an image or a MobileOneError, nothing else', async () => {
    for (const name of ['rgb.jpg', 'rgb.png', 'rgb.webp', 'rgb.gif']) {
      const bytes = await readFile(pathOf(name))
      for (let at = 0; at < bytes.length; at += 3) {
        const damaged = Uint8Array.from(bytes)
        damaged[at] = (damaged[at] ?? 0) ^ (1 + (at % 255))
        await decode(damaged, { maxPixels: 1e6 }).catch((error: unknown) => {
          if (!isMobileOneError(error)) throw error
        })
      }
    }
  })

  test('a file that claims a huge size is refused before decoding', async () => {
    const png = Uint8Array.from(await readFile(pathOf('rgb.png')))
    const view = new DataView(png.buffer)
    view.setUint32(16, 60_000)
    view.setUint32(20, 60_000)
    view.setUint32(29, crc32(png.subarray(12, 29)))
    expect(await failure(decode(png))).toMatch(
      /^invalid-input: .* has 60000x60000 pixels, more than the 100000000/,
    )
    expect(await failure(decode(pathOf('rgb.png'), { maxPixels: 24 * 17 - 1 }))).toMatch(
      /^invalid-input: .*rgb\.png has 24x17 pixels, more than the 407 allowed; .*maxPixels/,
    )
    await decode(pathOf('rgb.png'), { maxPixels: 24 * 17 })
  })

  test('values that are no image, pixels that do not fit, options that do not exist', async () => {
    for (const source of [42, null, undefined, {}, Symbol('x'), () => 1]) {
      expect(await failure(decode(source as never))).toMatch(/^invalid-input: .* is no image source/)
    }
    const data = new Uint8Array(10)
    expect(await failure(decode({ width: 2, height: 2, data }))).toMatch(/10 bytes are not 2x2 pixels/)
    expect(await failure(decode({ width: 2, height: 2, channels: 3, data }))).toMatch(/need 12 bytes, not 10/)
    expect(await failure(decode({ width: 0, height: 2, data }))).toMatch(/positive integers/)
    expect(await failure(decode({ width: 5, height: 1, channels: 2, data }))).toMatch(
      /channels must be 1, 3 or 4/,
    )
    expect(await failure(decode({ width: 2, height: 5, data: new Float32Array(10) } as never))).toMatch(
      /must be 8-bit/,
    )
    expect(await failure(decode(data, { orientation: 'sideways' as never }))).toMatch(/'apply' or 'ignore'/)
    expect(await failure(decode(data, { maxPixels: Number.NaN }))).toMatch(/maxPixels must be at least 1/)
  })
})
