import type { Image } from '../../src/image.ts'

/** The generator of scripts/fixtures.py: Numerical Recipes' constants, 32 bits. */
export function lcg(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state
  }
}

export type Kind = 'noise' | 'binary' | 'smooth'

/** The generated images of scripts/fixtures.py. */
export function pattern(kind: Kind, width: number, height: number, channels: 1 | 3, seed: number): Image {
  const next = lcg(seed)
  const data = new Uint8Array(width * height * channels)
  let at = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        if (kind === 'noise') data[at++] = next() >>> 24
        else if (kind === 'binary') data[at++] = next() >>> 31 ? 255 : 0
        else data[at++] = x * (7 + c) + y * (5 + 2 * c) + (next() >>> 29)
      }
    }
  }
  return { width, height, channels, data }
}

/** RGB at `count` scattered places, chosen as scripts/fixtures.py chooses them. */
export function sample(image: Image, count: number, seed: number): number[] {
  const next = lcg(seed)
  const out: number[] = []
  for (let i = 0; i < count; i++) {
    const x = Math.floor(((next() >>> 8) * image.width) / 2 ** 24)
    const y = Math.floor(((next() >>> 8) * image.height) / 2 ** 24)
    const at = (y * image.width + x) * 3
    out.push(image.data[at]!, image.data[at + 1]!, image.data[at + 2]!)
  }
  return out
}
