import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { goldenFolder } from './requirements.ts'

/** A path within the reference data: real weights, photographs, PyTorch's outputs. */
export function goldenPath(...parts: readonly string[]): string {
  return join(goldenFolder, ...parts)
}

/** A file of the reference data, in memory of its own. */
export function readGolden(...parts: readonly string[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(goldenPath(...parts)))
}

export function readGoldenFloat32(...parts: readonly string[]): Float32Array {
  return new Float32Array(readGolden(...parts).buffer)
}

/** The middle of S0's stored input, [1, 3, size, size], for what takes seconds on all 224 x 224 of it. */
export function readGoldenMiddle(size: number): Float32Array {
  const whole = readGoldenFloat32('s0-input-1x3x224x224.f32')
  const [width, edge] = [224, Math.floor((224 - size) / 2)]
  return Float32Array.from({ length: 3 * size * size }, (_, index) => {
    const [row, x] = [Math.floor(index / size), index % size]
    const [channel, y] = [Math.floor(row / size), row % size]
    return whole[(channel * width + edge + y) * width + edge + x] as number
  })
}

export function readGoldenJson<T>(...parts: readonly string[]): T {
  return JSON.parse(new TextDecoder().decode(readGolden(...parts))) as T
}

/** The small models of the reference data, with input and logits in the order of the batch. */
export const smallModels = ['k1', 'k4-odd', 'se'] as const

/** The photographs with what PyTorch makes of them. */
export interface PhotographReference {
  readonly top1: number
  readonly top5: number
  readonly images: readonly {
    readonly file: string
    readonly label: number
    readonly top5: readonly number[]
  }[]
}
