/**
 * y = relu(x w + bias) and its gradients, and the covariance of x's columns and its gradient: x [rows, ins], w [ins, outs], all
 * row-major f32. Products over rows run block by block: a block of both factors is packed into panels, and every tile's
 * sum over the block is added to its total.
 */
import { addSums, maskByRelu, sampleMean, subtract } from './columns'
import { blockRows, gemm } from './gemm'
import { gather, samplePatches } from './patches'
import { pack4, pack8, packSymmetric, packTransposed, pad8, panels4, panels8, unpackTiles } from './pack'
import { outer } from './tile'

/** Bytes of scratch {@link affine} needs. */
export function affineScratch(ins: i32, outs: i32): usize {
  return 128 + (<usize>panels8(outs) << 5) * (<usize>ins + 1)
}

/** `bias` may be 0. */
export function affine(
  x: usize, w: usize, bias: usize, y: usize, rows: i32, ins: i32, outs: i32, relu: i32, scratch: usize,
): void {
  const edge = scratch
  const biases = edge + 128
  const panels = biases + (<usize>panels8(outs) << 5)
  pad8(bias, outs, biases)
  pack8(w, <usize>outs << 2, ins, outs, panels)
  gemm(x, rows, ins, panels, biases, y, outs, relu, edge)
}

/** Rows in a block of the products over rows: both factors packed and one plain. */
// @ts-expect-error: decorator
@inline
export function depth(ins: i32, outs: i32): i32 {
  return blockRows((ins + 2 * outs) << 2, 48, 192)
}

/** Bytes of scratch {@link affineBackward} needs. */
export function affineBackwardScratch(ins: i32, outs: i32): usize {
  const block = <usize>depth(ins, outs)
  const tiles = <usize>(panels4(ins) * panels8(outs)) * 128
  const wide = <usize>panels8(ins) << 5
  return 128 + wide + (<usize>outs << 5) * <usize>panels8(ins) + tiles + block * (<usize>panels4(ins) * 16 + (<usize>panels8(outs) << 5) + (<usize>outs << 2))
}

/**
 * Gradients from dy [rows, outs]; with `relu`, only where the output y > 0. `dx` [rows, ins], `dw` [ins, outs] and `db`
 * [outs] are left out where 0.
 */
export function affineBackward(
  x: usize, w: usize, y: usize, dy: usize, dx: usize, dw: usize, db: usize, rows: i32, ins: i32, outs: i32, relu: i32,
  scratch: usize,
): void {
  const block = depth(ins, outs)
  const high = panels4(ins), wide = panels8(outs)
  const edge = scratch
  const zeros = edge + 128
  const panels = zeros + (<usize>panels8(ins) << 5)
  const tiles = panels + (<usize>outs << 5) * <usize>panels8(ins)
  const left = tiles + <usize>(high * wide) * 128
  const right = left + <usize>(block * high) * 16
  const dz = right + (<usize>(block * wide) << 5)
  const xStep = <usize>ins << 2
  const yStep = <usize>outs << 2
  if (dx) {
    pad8(0, ins, zeros)
    packTransposed(w, outs, ins, panels)
  }
  if (dw) memory.fill(tiles, 0, <usize>(high * wide) * 128)
  if (db) memory.fill(db, 0, yStep)
  for (let r = 0; r < rows; r += block) {
    const height = min(block, rows - r)
    const xAt = x + <usize>r * xStep
    let from = dy + <usize>r * yStep
    if (relu) {
      maskByRelu(from, y + <usize>r * yStep, dz, <usize>(height * outs))
      from = dz
    }
    if (db) addSums(from, height, outs, db)
    if (dw) {
      pack4(xAt, xStep, height, ins, left)
      pack8(from, yStep, height, outs, right)
      outerProducts(left, right, height, high, wide, tiles)
    }
    if (dx) gemm(from, height, outs, panels, zeros, dx + <usize>r * xStep, ins, 0, edge)
  }
  if (dw) unpackTiles(tiles, ins, outs, dw)
}

/** tiles [wide][high] += panels [high][rows][4] times panels [wide][rows][8]. */
export function outerProducts(left: usize, right: usize, rows: i32, high: i32, wide: i32, tiles: usize): void {
  for (let j = 0; j < wide; ++j) {
    let a = left
    for (let i = 0; i < high; ++i) {
      outer(a, right, rows, tiles)
      a += <usize>rows * 16
      tiles += 128
    }
    right += <usize>rows << 5
  }
}

/** Bytes of scratch {@link covariance} needs. */
export function covarianceScratch(n: i32): usize {
  return <usize>depth(n, n) * (<usize>panels4(n) * 16 + (<usize>panels8(n) << 5) + (<usize>n << 2)) +
    <usize>(panels4(n) * panels8(n)) * 128 + (<usize>n << 3)
}

/**
 * Of the columns of x [rows, n] `mean` [n] and the covariance c [n, n], divided by `rows`, exactly symmetric. Products are of
 * values less a shift near the mean, so that they do not cancel where the mean is many deviations. With a geometry `g` the rows are
 * the patches of images x, otherwise it is 0.
 */
export function covariance(g: usize, x: usize, c: usize, mean: usize, rows: i32, n: i32, scratch: usize): void {
  const block = depth(n, n)
  const high = panels4(n), wide = panels8(n)
  const tiles = scratch
  const left = tiles + <usize>(high * wide) * 128
  const right = left + <usize>(block * high) * 16
  const centred = right + (<usize>(block * wide) << 5)
  const shift = centred + (<usize>(block * n) << 2)
  const sum = shift + (<usize>n << 2)
  const step = <usize>n << 2
  if (g) samplePatches(g, x, rows, n, shift, centred)
  else sampleMean(x, rows, n, shift)
  memory.fill(tiles, 0, <usize>(high * wide) * 128)
  memory.fill(sum, 0, step)
  for (let r = 0; r < rows; r += block) {
    const height = min(block, rows - r)
    if (g) gather(g, x, r, height, centred, step)
    subtract(g ? centred : x + <usize>r * step, shift, height, n, centred)
    addSums(centred, height, n, sum)
    pack4(centred, step, height, n, left)
    pack8(centred, step, height, n, right)
    symmetricProducts(left, right, height, high, wide, tiles)
  }
  unpackTiles(tiles, n, n, c)
  const scale = 1 / <f64>rows
  for (let i = 0; i < n; ++i) {
    const own = <f64>load<f32>(sum + (<usize>i << 2)) * scale
    store<f32>(mean + (<usize>i << 2), <f32>(<f64>load<f32>(shift + (<usize>i << 2)) + own))
    for (let j = i; j < n; ++j) {
      const at = c + (<usize>(i * n + j) << 2)
      const value = <f32>(<f64>load<f32>(at) * scale - own * <f64>load<f32>(sum + (<usize>j << 2)) * scale)
      store<f32>(at, value)
      store<f32>(c + (<usize>(j * n + i) << 2), value)
    }
  }
}

/** As {@link outerProducts}, of the tiles that reach the upper triangle. */
export function symmetricProducts(left: usize, right: usize, rows: i32, high: i32, wide: i32, tiles: usize): void {
  for (let j = 0; j < wide; ++j) {
    const b = right + (<usize>(j * rows) << 5)
    const end = min(high, 2 * j + 2)
    for (let i = 0; i < end; ++i) outer(left + <usize>(i * rows) * 16, b, rows, tiles + <usize>(j * high + i) * 128)
  }
}

/** Bytes of scratch {@link covarianceBackward} needs. */
export function covarianceBackwardScratch(n: i32): usize {
  return affineScratch(n, n)
}

/** dx [rows, n] = ((x - mean) (d + d^T) + dmean) / rows, d [n, n], dmean [n]. */
export function covarianceBackward(
  x: usize, mean: usize, d: usize, dmean: usize, dx: usize, rows: i32, n: i32, scratch: usize,
): void {
  const edge = scratch
  const biases = edge + 128
  const panels = biases + (<usize>panels8(n) << 5)
  const scale = 1 / <f64>rows
  packSymmetric(d, n, panels)
  memory.fill(biases, 0, panels - biases)
  for (let j = 0; j < n; ++j) {
    let at = panels + (<usize>(j >> 3) * <usize>n << 5) + (<usize>(j & 7) << 2)
    let shift: f64 = 0
    for (let i = 0; i < n; ++i) {
      const value = <f32>(<f64>load<f32>(at) * scale)
      store<f32>(at, value)
      shift += <f64>load<f32>(mean + (<usize>i << 2)) * <f64>value
      at += 32
    }
    store<f32>(biases + (<usize>j << 2), <f32>(<f64>load<f32>(dmean + (<usize>j << 2)) * scale - shift))
  }
  gemm(x, rows, n, panels, biases, dx, n, 0, edge)
}
