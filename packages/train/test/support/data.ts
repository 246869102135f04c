import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { random } from '@mobileone/core'
import type { Image } from '@mobileone/vision'
import sharp from 'sharp'
import type { Batch, BatchRequest } from '../../src/data/batch.ts'
import { arrayDataset, type Dataset } from '../../src/data/dataset.ts'

export const request: BatchRequest = { epoch: 0, seed: 5, batchSize: 4, size: [8, 8], strength: 1 }

/** Random images; example i has class `i % classes`. */
export function noiseDataset(size: number, channels: 1 | 3, width = 8, height = 8, classes = 3): Dataset {
  const labels = Array.from({ length: classes }, (_, label) => `class ${label}`)
  const images = Array.from({ length: size }, (_, index) => noise(width, height, channels, index))
  return arrayDataset(
    images,
    images.map((_, index) => index % classes),
    labels,
  )
}

export function noise(width: number, height: number, channels: 1 | 3, seed: number): Image {
  const { integer } = random(seed)
  return {
    width,
    height,
    channels,
    data: new Uint8Array(width * height * channels).map(() => integer(0, 255)),
  }
}

export async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const all: Batch[] = []
  for await (const batch of batches) all.push(batch)
  return all
}

/** A folder that is removed by `remove`, holding the classes a, b, c with `perClass` PNG files each. */
export async function pictureFolder(perClass: number): Promise<{ path: string; remove(): void }> {
  const path = mkdtempSync(join(tmpdir(), 'mobileone-pictures-'))
  for (const [label, name] of ['b', 'a', 'c'].entries()) {
    mkdirSync(join(path, name))
    for (let i = 0; i < perClass; i++) {
      const { width, height, data } = noise(20 + i, 17 + label, 3, 100 * label + i)
      const png = await sharp(data, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer()
      writeFileSync(join(path, name, `${i}.png`), png)
    }
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
