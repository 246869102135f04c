import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MobileOneError } from '@mobileone/core'
import { type ImageSource, readIdx } from '@mobileone/vision'
import { findPictures, namesIn } from './dataset.ts'

/** Pictures of a folder in an order whose beginnings are spread over all of it, and what messages call each. */
export interface Photographs {
  readonly sources: readonly ImageSource[]
  readonly names: readonly string[]
}

/**
 * The pictures in and under `folder`, or the images of a folder of IDX files: of the training set where it has one. Always in the
 * same order.
 * @throws MobileOneError `invalid-file` for what is no folder or has no pictures.
 */
export async function openPhotographs(folder: string): Promise<Photographs> {
  const files = await namesIn(folder)
  const idx =
    files.find((name) => /^train-images.*idx3-ubyte(\.gz)?$/.test(name)) ??
    files.find((name) => /images.*idx3-ubyte(\.gz)?$/.test(name))
  const { sources, names } = idx === undefined ? await ofFolder(folder) : await ofIdx(join(folder, idx))
  if (sources.length === 0) {
    throw new MobileOneError('invalid-file', `there are no pictures and no IDX files in ${folder}`)
  }
  const order = spread(sources.length)
  return {
    sources: order.map((index) => sources[index] as ImageSource),
    names: order.map((index) => names[index] as string),
  }
}

async function ofFolder(folder: string): Promise<Photographs> {
  const names = await findPictures(folder)
  return { sources: names, names }
}

async function ofIdx(path: string): Promise<Photographs> {
  const { shape, data } = await readIdx(await readFile(path), path)
  const [count = 0, height = 0, width = 0] = shape
  if (shape.length !== 3) {
    throw new MobileOneError(
      'invalid-file',
      `${path} has shape ${shape.join('x')}; expected N x height x width`,
    )
  }
  const size = height * width
  const sources = Array.from({ length: count }, (_, index) => ({
    width,
    height,
    channels: 1 as const,
    data: data.subarray(index * size, (index + 1) * size),
  }))
  return { sources, names: sources.map((_, index) => `item ${index} of ${path}`) }
}

/** 0 to `count - 1`, by the fractions of multiples of the golden ratio: every beginning of the list is spread evenly. */
function spread(count: number): number[] {
  const golden = (Math.sqrt(5) - 1) / 2
  return Array.from({ length: count }, (_, index) => index).sort(
    (a, b) => ((a * golden) % 1) - ((b * golden) % 1),
  )
}
