import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Preprocess } from '@mobileone/core'
import { lacking } from '@mobileone/testkit'
import { describe, expect, test } from 'vitest'
import { decode, resizeAndCrop, toTensor } from '../src/index.ts'
import { fromBase64, golden, photographFixtures, photographs, sha256 } from './support/files.ts'
import { sample } from './support/pattern.ts'

const rule: Preprocess = {
  size: [224, 224],
  resize: 256,
  interpolation: 'bilinear',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
}

describe.skipIf(lacking('golden'))('250 photographs, bit for bit as Pillow', () => {
  const files = Object.entries(photographFixtures.photographs)

  test('every photograph has its fixture', () => {
    const names = readdirSync(photographs).filter((file) => file.endsWith('.JPEG'))
    expect(names.sort()).toEqual(files.map(([file]) => file).sort())
  })

  test('decoded, resized and cropped, bilinear and bicubic', async () => {
    const same = { decoded: 0, bilinear: 0, bicubic: 0 }
    for (const [index, [file, fixture]] of files.entries()) {
      const image = await decode(new URL(file, photographs), { orientation: 'ignore' })
      const bilinear = resizeAndCrop(image, rule)
      const bicubic = resizeAndCrop(image, { ...rule, interpolation: 'bicubic' })
      expect([image.width, image.height], file).toEqual(fixture.size)
      for (const [stage, result] of Object.entries({ decoded: image, bilinear, bicubic })) {
        const key = stage as keyof typeof same
        expect(sample(result, photographFixtures.samples, index), `${file}, ${stage}`).toEqual([
          ...fromBase64(fixture[key]),
        ])
        if (sha256(result.data) === fixture[`${key}Sha256`]) same[key]++
      }
    }
    expect(same).toEqual({ decoded: 250, bilinear: 250, bicubic: 250 })
  })

  test("normalising gives PyTorch's own float32 input, every bit", async () => {
    const bytes = await readFile(new URL('s0-input-1x3x224x224.f32', golden))
    const expected = new Float32Array(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
    )
    const pixels = 224 * 224
    const data = new Uint8Array(pixels * 3)
    for (let channel = 0; channel < 3; channel++) {
      for (let i = 0; i < pixels; i++) {
        const value = expected[channel * pixels + i]! * rule.std[channel]! + rule.mean[channel]!
        data[3 * i + channel] = Math.round(value * 255)
      }
    }
    const input = toTensor([{ width: 224, height: 224, channels: 3, data }], { ...rule, resize: 224 })
    expect(input.shape).toEqual([1, 3, 224, 224])
    let different = 0
    for (let i = 0; i < expected.length; i++) if (input.data[i] !== expected[i]) different++
    expect(different).toBe(0)
  })
})
