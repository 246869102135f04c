/**
 * Branches (branches.ts) of a dense convolution, f32, NHWC, and their gradients. A 1 x 1 convolution of stride 1 reads its input as the
 * matrix it is, others the patches of a block of outputs at a time.
 *
 * The statistics follow from the mean and the covariance C of the patches: mean `W m`, variance `diag(W C W^T)`. Their gradients
 * reach the input through `S = 2 sum dv w w^T / rows`: dx = dz K + (x - m) S + dm / rows, one product of the rows [dz x].
 */
import { covariance, covarianceScratch, depth, outerProducts, symmetricProducts } from './affine'
import { backThroughNorm, convolutions, dMean, dVariance, gain, kernelBytes, removeMean, sizeOf } from './branches'
import { addSums, maskByRelu } from './columns'
import { blockRows, gemm } from './gemm'
import {
  at, BATCH, IN_C, IN_H, IN_W, KERNEL_H, KERNEL_W, OUT_C, OUT_H, OUT_W, STRIDE_H, STRIDE_W,
} from './geometry'
import { pack4, pack8, packTransposed, panels4, panels8, unpackTiles } from './pack'
import { gather, scatter } from './patches'

// @ts-expect-error: decorator
@inline
function patchSize(g: usize): i32 {
  return at(g, KERNEL_H) * at(g, KERNEL_W) * at(g, IN_C)
}

// @ts-expect-error: decorator
@inline
function rowCount(g: usize): i32 {
  return at(g, BATCH) * at(g, OUT_H) * at(g, OUT_W)
}

/** Whether the patches are the pixels. */
function isPointwise(g: usize): bool {
  return at(g, KERNEL_H) == 1 && at(g, KERNEL_W) == 1 && at(g, STRIDE_H) == 1 && at(g, STRIDE_W) == 1
}

/** Column of the patches, of `n` values, where a branch without a kernel begins: that of the middle pixel. */
// @ts-expect-error: decorator
@inline
function middle(n: i32, outs: i32): i32 {
  return (n - outs) / 2
}

/** `to` [outs, patch]: a kernel of `size` as rows of patches, zeros around it. */
function placeKernel(g: usize, from: usize, size: i32, to: usize): void {
  const ins = at(g, IN_C), outs = at(g, OUT_C), kernel = at(g, KERNEL_H)
  const bytes = <usize>(outs * patchSize(g)) << 2
  if (kernel == 1) {
    memory.copy(to, from, bytes)
    return
  }
  memory.fill(to, 0, bytes)
  const margin = (kernel - size) / 2
  for (let o = 0; o < outs; ++o) {
    for (let i = 0; i < ins; ++i) {
      for (let t = 0; t < size * size; ++t) {
        store<f32>(to + (<usize>patchColumn(t, size, margin, kernel, ins, i) << 2), load<f32>(from))
        from += 4
      }
    }
    to += <usize>patchSize(g) << 2
  }
}

// @ts-expect-error: decorator
@inline
function patchColumn(tap: i32, size: i32, margin: i32, kernel: i32, ins: i32, channel: i32): i32 {
  return ((tap / size + margin) * kernel + tap % size + margin) * ins + channel
}

/** Of an output channel's row of patches the kernel of `size`: what {@link placeKernel} reads. */
function takeKernel(g: usize, row: usize, size: i32, to: usize): void {
  const ins = at(g, IN_C), kernel = at(g, KERNEL_H)
  const margin = (kernel - size) / 2
  for (let i = 0; i < ins; ++i) {
    for (let t = 0; t < size * size; ++t) {
      store<f32>(to, load<f32>(row + (<usize>patchColumn(t, size, margin, kernel, ins, i) << 2)))
      to += 4
    }
  }
}

/** Outputs whose patches are gathered at a time. */
function blockOf(g: usize): i32 {
  return blockRows((patchSize(g) + at(g, OUT_C)) << 2, 48, 192)
}

let edge: usize = 0
let biases: usize = 0
let panels: usize = 0
let stack: usize = 0
let sum: usize = 0
let square: usize = 0
let rowsBlock: usize = 0
let left: usize = 0
let right: usize = 0
let tiles: usize = 0
let shifts: usize = 0

/** Share out `scratch`; returns where it ends. */
function layForward(g: usize, convs: i32, scratch: usize): usize {
  const n = patchSize(g), outs = at(g, OUT_C)
  edge = scratch
  biases = edge + 128
  panels = biases + (<usize>max(panels8(outs), panels8(n)) << 5)
  stack = panels + (<usize>n * <usize>max(panels8(outs), panels8(n)) << 5)
  sum = stack + (<usize>(convs * outs * n) << 2)
  square = sum + (<usize>(outs * n) << 2)
  rowsBlock = square + (<usize>(n * n) << 2)
  const gathered = isPointwise(g) ? 0 : <usize>blockOf(g) * <usize>n << 2
  return rowsBlock + max(gathered, covarianceScratch(n))
}

/** Bytes of scratch {@link denseBranches} needs. */
export function denseBranchesScratch(g: usize, sizes: usize, branches: i32): usize {
  return layForward(g, convolutions(sizes, branches), 0)
}

/**
 * y = the sum, through ReLU where `relu`. Kept for {@link denseBranchesBackward}: `statistics`, `mean` [patch], and `products`
 * [convolutions, outs, patch], the kernels times the covariance.
 */
export function denseBranches(
  g: usize, sizes: usize, branches: i32, x: usize, parameters: usize, epsilon: f32, relu: i32,
  y: usize, statistics: usize, mean: usize, products: usize, scratch: usize,
): void {
  const n = patchSize(g), outs = at(g, OUT_C), rows = rowCount(g)
  const convs = convolutions(sizes, branches)
  const filters = outs * at(g, IN_C)
  const pointwise = isPointwise(g)
  const rowBytes = <usize>n << 2
  layForward(g, convs, scratch)
  covariance(pointwise ? 0 : g, x, square, mean, rows, n, rowsBlock)

  let from = parameters
  let to = stack
  for (let b = 0; b < branches; ++b) {
    const size = sizeOf(sizes, b)
    if (size) {
      placeKernel(g, from, size, to)
      to += <usize>outs * rowBytes
    }
    from += kernelBytes(size, filters) + (<usize>outs << 3)
  }
  memory.fill(biases, 0, panels - biases)
  pack8(square, rowBytes, n, n, panels)
  gemm(stack, convs * outs, n, panels, biases, products, n, 0, edge)

  memory.fill(sum, 0, <usize>outs * rowBytes)
  const variances = <usize>(branches * outs) << 2
  let w = stack, product = products, seen = statistics
  from = parameters
  for (let b = 0; b < branches; ++b) {
    const size = sizeOf(sizes, b)
    const gamma = from + kernelBytes(size, filters)
    for (let o = 0; o < outs; ++o) {
      const row = sum + <usize>o * rowBytes
      let m: f64 = 0, v: f64 = 0
      if (size) {
        for (let i: usize = 0; i < rowBytes; i += 4) {
          const weight = <f64>load<f32>(w + i)
          m += weight * <f64>load<f32>(mean + i)
          v += weight * <f64>load<f32>(product + i)
        }
      } else {
        const own = middle(n, outs) + o
        m = <f64>load<f32>(mean + (<usize>own << 2))
        v = <f64>load<f32>(square + (<usize>(own * n + own) << 2))
      }
      const m32 = <f32>m, v32 = <f32>max(0, v)
      store<f32>(seen, m32)
      store<f32>(seen + variances, v32)
      const channel = <usize>o << 2
      const slope = <f64>load<f32>(gamma + channel) / Math.sqrt(<f64>v32 + <f64>epsilon)
      const bias = biases + channel
      store<f32>(bias, <f32>(<f64>load<f32>(bias) + <f64>load<f32>(gamma + (<usize>outs << 2) + channel) - slope * <f64>m32))
      if (size) {
        addScaled(row, w, <f32>slope, n)
        w += rowBytes
        product += rowBytes
      } else {
        const at = row + (<usize>(middle(n, outs) + o) << 2)
        store<f32>(at, load<f32>(at) + <f32>slope)
      }
      seen += 4
    }
    from = gamma + (<usize>outs << 3)
  }

  packTransposed(sum, n, outs, panels)
  if (pointwise) {
    gemm(x, rows, n, panels, biases, y, outs, relu, edge)
    return
  }
  const block = blockOf(g)
  for (let r = 0; r < rows; r += block) {
    const height = min(block, rows - r)
    gather(g, x, r, height, rowsBlock, rowBytes)
    gemm(rowsBlock, height, n, panels, biases, y + (<usize>(r * outs) << 2), outs, relu, edge)
  }
}

/** `to` [n] += `scale` * `from`. */
function addScaled(to: usize, from: usize, scale: f32, n: i32): void {
  const s = f32x4.splat(scale)
  for (; n >= 4; n -= 4) {
    v128.store(to, f32x4.add(v128.load(to), f32x4.mul(s, v128.load(from))))
    to += 16
    from += 16
  }
  for (; n > 0; --n) {
    store<f32>(to, load<f32>(to) + scale * load<f32>(from))
    to += 4
    from += 4
  }
}

/** Rows of a block of {@link denseBranchesBackward}. */
function backwardBlock(g: usize): i32 {
  return depth(patchSize(g), patchSize(g) + at(g, OUT_C))
}

function layBackward(g: usize, convs: i32, scratch: usize): usize {
  const n = patchSize(g), outs = at(g, OUT_C)
  const block = <usize>max(backwardBlock(g), depth(n, n))
  edge = scratch
  biases = edge + 128
  panels = biases + (<usize>panels8(n) << 5)
  stack = panels + (<usize>(n + outs) * <usize>panels8(n) << 5)
  sum = stack + (<usize>(2 * convs * outs * n) << 2)
  square = sum + (<usize>(outs * n) << 2)
  tiles = square + (<usize>(max(outs, n) * n) << 2)
  left = tiles + (<usize>max(panels4(outs), panels4(n)) * <usize>panels8(n) << 7)
  right = left + (block * <usize>max(panels4(outs), panels4(n)) << 4)
  rowsBlock = right + (block * <usize>panels8(n) << 5)
  shifts = rowsBlock + (block * <usize>(n + outs) << 2) + 16
  return shifts + (<usize>n << 3) + (<usize>outs << 2)
}

/** Bytes of scratch {@link denseBranchesBackward} needs. */
export function denseBranchesBackwardScratch(g: usize, sizes: usize, branches: i32): usize {
  return layBackward(g, convolutions(sizes, branches), 0) + 32
}

/** Rows [first, first + height) of [dz x] at `rowsBlock`; of `columns` = outs where x is not wanted. */
function fillRows(g: usize, x: usize, y: usize, dy: usize, first: i32, height: i32, columns: i32): void {
  const n = patchSize(g), outs = at(g, OUT_C)
  const step = <usize>columns << 2
  let to = rowsBlock
  for (let r = first; r < first + height; ++r) {
    const at = <usize>(r * outs) << 2
    if (y) maskByRelu(dy + at, y + at, to, outs)
    else memory.copy(to, dy + at, <usize>outs << 2)
    if (columns > outs && isPointwise(g)) memory.copy(to + (<usize>outs << 2), x + (<usize>(r * n) << 2), <usize>n << 2)
    to += step
  }
  if (columns > outs && !isPointwise(g)) gather(g, x, first, height, rowsBlock + (<usize>outs << 2), step)
}

/**
 * Gradients from dy; where `y`, the output after its ReLU, is not 0, only where it is above zero. `dparameters` is laid out as
 * `parameters`; `dx` may be 0. The others are as {@link denseBranches} left them.
 */
export function denseBranchesBackward(
  g: usize, sizes: usize, branches: i32, x: usize, parameters: usize, epsilon: f32, y: usize, dy: usize,
  statistics: usize, mean: usize, products: usize, dx: usize, dparameters: usize, scratch: usize,
): void {
  const n = patchSize(g), outs = at(g, OUT_C), rows = rowCount(g)
  const convs = convolutions(sizes, branches)
  const filters = outs * at(g, IN_C)
  const rowBytes = <usize>n << 2, outBytes = <usize>outs << 2
  const columns = n + outs
  layBackward(g, convs, (scratch + 15) & ~15)
  const biasSums = shifts + (<usize>n << 3)

  const block = backwardBlock(g)
  const high = panels4(outs), wide = panels8(n)
  memory.fill(tiles, 0, <usize>(high * wide) << 7)
  memory.fill(biasSums, 0, outBytes)
  const pointwise = isPointwise(g)
  for (let r = 0; r < rows; r += block) {
    const height = min(block, rows - r)
    const from = dy + (<usize>(r * outs) << 2)
    let dz = from
    if (y) maskByRelu(from, y + (<usize>(r * outs) << 2), dz = rowsBlock, <usize>(height * outs))
    addSums(dz, height, outs, biasSums)
    pack4(dz, outBytes, height, outs, left)
    if (pointwise) {
      pack8(x + <usize>r * rowBytes, rowBytes, height, n, right)
    } else {
      const gathered = rowsBlock + <usize>height * outBytes
      gather(g, x, r, height, gathered, rowBytes)
      pack8(gathered, rowBytes, height, n, right)
    }
    outerProducts(left, right, height, high, wide, tiles)
  }
  unpackTiles(tiles, outs, n, square)
  for (let o = 0; o < outs; ++o) {
    removeMean(square + <usize>o * rowBytes, load<f32>(biasSums + (<usize>o << 2)), mean, n)
  }

  // The kernels, and behind them the same times dv, row by row.
  const weighted = stack + <usize>(convs * outs) * rowBytes
  const variances = <usize>(branches * outs) << 2
  memory.fill(sum, 0, <usize>outs * rowBytes)
  memory.fill(shifts, 0, <usize>n << 3)
  let skips = false
  let w = stack, scaled = weighted, product = products, seen = statistics
  let from = parameters, to = dparameters
  for (let b = 0; b < branches; ++b) {
    const size = sizeOf(sizes, b)
    const bytes = kernelBytes(size, filters)
    if (size) placeKernel(g, from, size, w)
    else skips = true
    for (let o = 0; o < outs; ++o) {
      const channel = <usize>o << 2
      const gradient = square + <usize>o * rowBytes
      const own = middle(n, outs) + o
      let inner: f64 = 0
      if (size) {
        for (let i: usize = 0; i < rowBytes; i += 4) inner += <f64>load<f32>(gradient + i) * <f64>load<f32>(w + i)
      } else {
        inner = <f64>load<f32>(gradient + (<usize>own << 2))
      }
      backThroughNorm(
        load<f32>(from + bytes + channel), load<f32>(seen + variances), epsilon, inner,
        <f64>load<f32>(biasSums + channel), to + bytes + channel, outBytes,
      )
      const row = sum + <usize>o * rowBytes
      if (size) {
        addScaled(row, w, <f32>gain, n)
        const twice = 2 * dVariance
        for (let i: usize = 0; i < rowBytes; i += 4) {
          const weight = load<f32>(w + i)
          const at = shifts + (i << 1)
          store<f64>(at, load<f64>(at) + dMean * <f64>weight)
          store<f32>(scaled + i, <f32>dVariance * weight)
        }
        const target = pointwise ? to + <usize>o * rowBytes : rowsBlock
        for (let i: usize = 0; i < rowBytes; i += 4) {
          store<f32>(target + i, <f32>(gain * <f64>load<f32>(gradient + i) + twice * <f64>load<f32>(product + i)))
        }
        if (!pointwise) takeKernel(g, rowsBlock, size, to + <usize>o * kernelBytes(size, at(g, IN_C)))
        w += rowBytes
        scaled += rowBytes
        product += rowBytes
      } else {
        const at = row + (<usize>own << 2)
        store<f32>(at, load<f32>(at) + <f32>gain)
        const shift = shifts + (<usize>own << 3)
        store<f64>(shift, load<f64>(shift) + dMean)
      }
      seen += 4
    }
    from += bytes + (outBytes << 1)
    to += bytes + (outBytes << 1)
  }
  if (!dx) return

  // S, of its upper triangle.
  const squareHigh = panels4(n)
  memory.fill(tiles, 0, <usize>(squareHigh * wide) << 7)
  const chunk = depth(n, n)
  for (let r = 0; r < convs * outs; r += chunk) {
    const height = min(chunk, convs * outs - r)
    pack4(weighted + <usize>r * rowBytes, rowBytes, height, n, left)
    pack8(stack + <usize>r * rowBytes, rowBytes, height, n, right)
    symmetricProducts(left, right, height, squareHigh, wide, tiles)
  }
  unpackTiles(tiles, n, n, square)
  if (skips) addSkips(sizes, branches, outs, n, parameters, filters, statistics, dparameters, epsilon)
  finishSquare(n, rows, mean)

  pack8Below(n, outs)
  if (!pointwise) memory.fill(dx, 0, <usize>(at(g, BATCH) * at(g, IN_H) * at(g, IN_W) * at(g, IN_C)) << 2)
  for (let r = 0; r < rows; r += block) {
    const height = min(block, rows - r)
    fillRows(g, x, y, dy, r, height, columns)
    if (pointwise) {
      gemm(rowsBlock, height, columns, panels, biases, dx + <usize>r * rowBytes, n, 0, edge)
    } else {
      // The packed factors are no longer needed, and as large.
      gemm(rowsBlock, height, columns, panels, biases, right, n, 0, edge)
      scatter(g, right, r, height, dx)
    }
  }
}

/** The diagonal of S += dv of the branches without a kernel. */
function addSkips(
  sizes: usize, branches: i32, outs: i32, n: i32, parameters: usize, filters: i32, statistics: usize, dparameters: usize,
  epsilon: f32,
): void {
  const variances = <usize>(branches * outs) << 2
  let at = parameters
  for (let b = 0; b < branches; ++b) {
    const size = sizeOf(sizes, b)
    at += kernelBytes(size, filters)
    if (!size) {
      for (let o = 0; o < outs; ++o) {
        const variance = load<f32>(statistics + (<usize>(b * outs + o) << 2) + variances)
        if (variance == 0) continue
        const channel = at + (<usize>o << 2)
        const r2 = 1 / (<f64>variance + <f64>epsilon)
        const slope = <f64>load<f32>(dparameters + (channel - parameters))
        const own = middle(n, outs) + o
        const to = square + (<usize>(own * n + own) << 2)
        store<f32>(to, <f32>(<f64>load<f32>(to) - 0.5 * <f64>load<f32>(channel) * r2 * slope))
      }
    }
    at += <usize>outs << 3
  }
}

/** `square` *= 2 / rows, its lower triangle from the upper; `biases` = `shifts` / rows - mean S. */
function finishSquare(n: i32, rows: i32, mean: usize): void {
  const scale = 1 / <f64>rows
  memory.fill(biases, 0, panels - biases)
  for (let i = 0; i < n; ++i) {
    for (let j = i; j < n; ++j) {
      const at = square + (<usize>(i * n + j) << 2)
      const value = <f32>(2 * scale * <f64>load<f32>(at))
      store<f32>(at, value)
      store<f32>(square + (<usize>(j * n + i) << 2), value)
    }
  }
  for (let i = 0; i < n; ++i) {
    let shift = scale * load<f64>(shifts + (<usize>i << 3))
    for (let j = 0; j < n; ++j) {
      shift -= <f64>load<f32>(mean + (<usize>j << 2)) * <f64>load<f32>(square + (<usize>(i * n + j) << 2))
    }
    store<f32>(biases + (<usize>i << 2), <f32>shift)
  }
}

/** `panels`: of each 8 columns the rows of `sum` [outs, n], then those of `square` [n, n]. */
function pack8Below(n: i32, outs: i32): void {
  const rowBytes = <usize>n << 2
  let to = panels
  for (let c = 0; c < n; c += 8) {
    const width = min(8, n - c)
    const column = <usize>c << 2
    for (let r = 0; r < outs + n; ++r) {
      const from = (r < outs ? sum + <usize>r * rowBytes : square + <usize>(r - outs) * rowBytes) + column
      if (width == 8) {
        v128.store(to, v128.load(from)); v128.store(to, v128.load(from, 16), 16)
      } else {
        for (let l = 0; l < 8; ++l) store<f32>(to + (<usize>l << 2), l < width ? load<f32>(from + (<usize>l << 2)) : 0)
      }
      to += 32
    }
  }
}
