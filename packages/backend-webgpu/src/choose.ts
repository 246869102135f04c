/** Which kernel and which register tile: one place, with the reasons. */

/** What one invocation makes: `pixels` pixels x `quads` quads of 4 channels. */
export interface Tile {
  readonly pixels: number
  readonly quads: number
}

/** What an adapter does in parallel, and what it pays for. */
export interface Parallelism {
  /** Invocations it needs before larger tiles are worth it. */
  readonly invocations: number
  /** Quads of the largest tile. */
  readonly quads: number
  /**
   * Whether the invocations of a workgroup split a sum between them and meet at a barrier. On an H200 that makes S0 1.3, S4 3 times
   * faster: the maps of a single image are too small for as many invocations as hide the latency of a whole sum.
   */
  readonly cooperative: boolean
}

/**
 * A software adapter runs a few lanes on a few cores: its invocations are loops, so that barriers gain nothing and take long to
 * compile, and a tile of 4 x 8 does not fit the registers of a CPU (SwiftShader: 1.6 times slower than 4 x 4).
 */
export const software: Parallelism = { invocations: 64, quads: 1, cooperative: false }
/** A GPU hides its memory's latency behind tens of thousands of invocations. */
export const hardware: Parallelism = { invocations: 16_384, quads: 2, cooperative: true }

const tiles: readonly Tile[] = [
  { pixels: 4, quads: 2 },
  { pixels: 4, quads: 1 },
  { pixels: 2, quads: 1 },
  { pixels: 1, quads: 1 },
]

/**
 * The largest tile that still makes enough invocations: it reads (pixels + 4 quads) vectors for pixels x quads x 4
 * multiply-adds of vectors. Without enough work for any, the smallest.
 */
export function chooseTile(pixels: number, outQuads: number, { invocations, quads }: Parallelism): Tile {
  const enough = tiles.find(
    (tile) =>
      tile.quads <= Math.min(outQuads, quads) &&
      tile.pixels <= pixels &&
      Math.ceil(pixels / tile.pixels) * Math.ceil(outQuads / tile.quads) >= invocations,
  )
  return enough ?? { pixels: 1, quads: 1 }
}

/** Neighbours of a row that one invocation of a spatial kernel makes. */
export function choosePixels(
  rows: number,
  width: number,
  outQuads: number,
  { invocations }: Parallelism,
): number {
  return [4, 2].find((p) => p <= width && rows * Math.ceil(width / p) * outQuads >= invocations) ?? 1
}

/** What a workgroup of a matrix product makes: `rows` rows x `columns` quads, each sum split between `slices` invocations. */
export interface ProductTile {
  readonly rows: number
  readonly columns: number
  readonly slices: number
}

/** Quads of inputs that an invocation adds up at least, where sums are split. */
const LEAST_DEPTH = 3

/**
 * The split of a product of `inQuads` inputs and `outQuads` outputs: up to 32 invocations share a sum, and a workgroup has 64 invocations
 * where the outputs are enough for that, but not more than `largest`. On an H200 four rows took 4-8 % less than two or eight, and other
 * splits up to 10 % more.
 */
export function chooseProduct(rows: number, inQuads: number, outQuads: number, largest: number): ProductTile {
  const narrow = Math.min(8, largest)
  const slices = powerOfTwo(Math.min(inQuads / LEAST_DEPTH, 32, largest / narrow))
  const wide = Math.min(powerOfTwo(2 * outQuads - 1), Math.floor(Math.min(64, largest) / slices))
  return { rows: [4, 2].find((count) => count <= rows) ?? 1, columns: Math.max(narrow, wide), slices }
}

/** The largest power of two that is at most `limit`, and 1 where that is less. */
function powerOfTwo(limit: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, limit)))
}

export type ConvKernel = 'planar' | 'depthwise' | 'product' | 'pointwise' | 'conv' | 'grouped'

export interface ConvShape {
  readonly kernel: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly padding: readonly [number, number]
  readonly groups: number
  readonly inChannels: number
  readonly outChannels: number
  /** Output pixels of the whole batch. */
  readonly pixels: number
  /** The source is a model input in NCHW. */
  readonly planar: boolean
}

/** The kernel of a convolution; every shape has one. */
export function chooseConv(shape: ConvShape, { cooperative }: Parallelism): ConvKernel {
  const { kernel, stride, padding, groups, inChannels, outChannels } = shape
  if (shape.planar && groups === 1 && inChannels <= 4) return 'planar'
  if (groups > 1 && groups === inChannels && groups === outChannels) return 'depthwise'
  if (groups > 1)
    return (inChannels / groups) % 4 === 0 && (outChannels / groups) % 4 === 0 ? 'conv' : 'grouped'
  const single = [...kernel, ...stride].every((size) => size === 1) && padding.every((size) => size === 0)
  if (!single) return 'conv'
  return cooperative && inChannels > 4 * (2 * LEAST_DEPTH - 1) ? 'product' : 'pointwise'
}
