import { lacking, readGolden } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { readCheckpoint } from '../src/index.ts'
import { bytesOf, type Part } from './support/pickle.ts'

it.skipIf(lacking('golden'))('Core ML models as coremltools writes them', () => {
  for (const name of ['coreml/k1-image.mlmodel', 'coreml/se-image.mlmodel']) {
    expect(() => readCheckpoint(readGolden(name))).toThrowError(/Core ML model/)
  }
})

describe('files that are not weights', () => {
  const tar = bytesOf('name', new Uint8Array(253), 'ustar', new Uint8Array(250))
  const cases: [string, Part, RegExp][] = [
    ['nothing', '', /empty/],
    ['a web page', '\n <!DOCTYPE html><html>', /HTML/],
    ['a web page with a byte-order mark', '\xef\xbb\xbf<html>', /HTML/],
    ['a JSON error', '{"error": "not found"}', /JSON/],
    ['a git-lfs pointer', 'version https://git-lfs.github.com/spec/v1\noid', /git lfs pull/],
    ['gzip', [0x1f, 0x8b, 8, 0], /gzip/],
    ['tar', tar, /tar archive.*\.pth\.tar are not/],
    ['an empty zip', ['PK\x05\x06', new Uint8Array(18)], /empty or split zip/],
    ['ONNX', [8, 8, 0x12, 7, 'pytorch', 0x1a], /fromOnnx of @mobileone\/onnx/],
    ['ONNX without a producer', [8, 8, 0x3a, 200, 1], /ONNX/],
    ['a .mlmodel with a long description', [8, 4, 0x12, 0xa0, 0x0a, 0x0a, 5], /Core ML model/],
    ['a .mlmodel', [8, 1, 0x12, 30, 0x0a, 9, 0x0a, 5, 'image'], /fromCoreML of @mobileone\/coreml/],
    ['HDF5', '\x89HDF\r\n\x1a\n', /HDF5/],
    ['TensorFlow Lite', [28, 0, 0, 0, 'TFL3'], /TensorFlow Lite/],
    ['a plain pickle', [0x80, 4, 0x95, 1, 0, 0], /plain Python pickle/],
    ['an image', [0xff, 0xd8, 0xff, 0xe0], /image/],
    ['noise', [1, 2, 3, 4, 5, 6, 7, 8, 9], /not known \(9 bytes, beginning 01 02/],
  ]
  it.each(cases)('%s', (_, content, message) => {
    expect(() => readCheckpoint(bytesOf(content))).toThrowError(message)
    expect(() => readCheckpoint(bytesOf(content))).toThrowError(
      expect.objectContaining({ code: 'invalid-file' }),
    )
  })
})
