import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

export const fixtures: URL = new URL('../fixtures/', import.meta.url)
export const golden: URL = new URL('../../../../../shared/golden/', import.meta.url)
export const photographs: URL = new URL('imagenet-sample/', golden)

export function readJson<T>(url: URL): T {
  return JSON.parse(readFileSync(url, 'utf8')) as T
}

export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}

export function sha256(data: Uint8Array | Uint8ClampedArray): string {
  return createHash('sha256').update(data).digest('hex')
}

export interface DecodeFixture {
  readonly size: readonly [width: number, height: number]
  /** Base64 of RGB. */
  readonly pixels: string
  readonly upright?: { readonly size: readonly [width: number, height: number]; readonly pixels: string }
}

export const decodeFixtures: Record<string, DecodeFixture> = readJson<{
  images: Record<string, DecodeFixture>
}>(new URL('decode.json', fixtures)).images

export interface PhotographFixture {
  readonly size: readonly [width: number, height: number]
  readonly decoded: string
  readonly decodedSha256: string
  readonly bilinear: string
  readonly bilinearSha256: string
  readonly bicubic: string
  readonly bicubicSha256: string
}

export const photographFixtures: {
  readonly samples: number
  readonly photographs: Record<string, PhotographFixture>
} = readJson(new URL('photographs.json', fixtures))
