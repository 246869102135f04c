/** Kernel choice: which kernel runs a convolution or a matrix product, and why. Timed by `npm run tune`. */
import * as abi from './abi.ts'
import type { Simd } from './detect-simd.ts'
import { tileHeights } from './generated/tile-heights.ts'

/** What the choice depends on. */
export interface ConvFacts {
  readonly kernel: readonly [height: number, width: number]
  readonly stride: readonly [height: number, width: number]
  readonly padding: readonly [height: number, width: number]
  readonly dilation: readonly [height: number, width: number]
  readonly groups: number
  readonly inChannels: number
  readonly outChannels: number
  readonly outWidth: number
  /** Output pixels of the whole batch. */
  readonly pixels: number
  /** The source is a model input, NCHW in memory. */
  readonly planar: boolean
}

export interface Choice {
  /** One of the kernels of abi.ts. */
  readonly op: number
  /** What `steps` shows. */
  readonly name: string
  readonly reason: string
  /** The kernel reads the NCHW input itself. */
  readonly planar: boolean
}

/** Every choice the planner makes; another one is passed only to time it. */
export interface Tuning {
  readonly conv: (facts: ConvFacts) => Choice
  readonly block: (pixels: number, k: number, gathered: boolean) => number
  readonly kBlock: number
  /** Weights of a filter whose inputs a dense convolution gathers at a time. */
  readonly chunk: number
}

/** What adds the products of int8 layers: `dot_i16` in the plain build, the others in the relaxed one. */
export type Int8Kernel = 'rdot16' | 'rdot16x4' | 'relaxed_dot_add' | 'dot_i16'

/** The kernel of a convolution; a linear layer is a 1 x 1 convolution of an image of one pixel. */
export function chooseConv(facts: ConvFacts): Choice {
  const { kernel, stride, padding, dilation, groups, inChannels, outChannels, pixels, planar } = facts
  const [kh, kw] = kernel
  const square = (pair: readonly [number, number], value: number): boolean =>
    pair[0] === value && pair[1] === value

  if (groups > 1 && groups === inChannels && groups === outChannels) {
    if (
      square(kernel, 3) &&
      square(padding, 1) &&
      square(dilation, 1) &&
      (square(stride, 1) || square(stride, 2)) &&
      facts.outWidth >= 4
    ) {
      return choice(
        abi.DEPTHWISE3,
        'depthwise 3x3',
        'tiles of 4 to 8 outputs of a row: each input is loaded once for all of them',
      )
    }
    if (facts.outWidth >= 4 && stride[1] <= 2) {
      return choice(
        abi.DEPTHWISE_ROWS,
        'depthwise rows',
        'tiles of 4 to 8 outputs of a row, whose inputs are copied with zeros beside them',
      )
    }
    return choice(
      abi.DEPTHWISE,
      'depthwise',
      'another stride than the tiled ones, or rows narrower than a tile',
    )
  }
  if (groups === 1 && kh === 1 && kw === 1 && square(stride, 1) && square(padding, 0)) {
    return pixels === 1
      ? choice(abi.GEMV, 'vector', 'one pixel: four weight panels at a time hide the latency')
      : choice(abi.GEMM, 'pointwise', 'a 1x1 convolution is a matrix product')
  }
  if (
    planar &&
    groups === 1 &&
    square(kernel, 3) &&
    dilation[1] === 1 &&
    (stride[1] === 1 || stride[1] === 2)
  ) {
    if (padChannels(outChannels) % 8 === 0) {
      return choice(
        abi.STEM,
        'dense 3x3',
        'reads the NCHW input in place, six pixels at constant distances',
        true,
      )
    }
  }
  return choice(abi.CONV, 'dense', 'patches gathered in a cache-sized band, then a matrix product', planar)
}

function choice(op: number, name: string, reason: string, planar = false): Choice {
  return { op, name, reason, planar }
}

/** Channels as stored: a multiple of 8. */
export function padChannels(channels: number): number {
  return (channels + 7) & ~7
}

/** Bytes of input that a block of pixels may take: part of a level-2 cache of 512 KB or more. */
const BLOCK_BYTES = 192 * 1024
/** Bytes of gathered patches. */
const BAND_BYTES = 64 * 1024
/** Rows of a panel (32 bytes each) that stay in a level-1 cache of 32 KB beside the input rows of one tile. */
export const K_BLOCK = 256

/** Output rows of a depthwise convolution whose input rows, of `rowBytes` each, stay in the level-2 cache beside others. */
export function chooseBand(outHeight: number, stride: number, reach: number, rowBytes: number): number {
  return Math.max(1, Math.min(outHeight, Math.floor((BAND_BYTES / rowBytes - reach) / stride) + 1))
}

/** Pixels per block of a matrix product: blocks of nearly one size, a multiple of the tile's pixels. */
export function chooseBlock(pixels: number, k: number, gathered: boolean, tileHeight: number): number {
  const fit = Math.max(tileHeight, Math.floor((gathered ? BAND_BYTES : BLOCK_BYTES) / (k * 4)))
  const blocks = Math.ceil(pixels / fit)
  return Math.ceil(Math.ceil(pixels / blocks) / tileHeight) * tileHeight
}

/** The choices for a build of the kernels. */
export function tuningOf(simd: Simd): Tuning {
  const tileHeight = tileHeights[simd]
  return {
    conv: chooseConv,
    block: (pixels, k, gathered) => chooseBlock(pixels, k, gathered, tileHeight),
    kBlock: K_BLOCK,
    chunk: K_BLOCK,
  }
}
