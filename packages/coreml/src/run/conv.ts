/**
 * Convolution of the interpreter: NCHW float32 values, float64 sums in the order bias, then channels, rows and columns of the
 * kernel, rounded once. Dense convolutions gather a tile of windows, one row of float64 for each pixel, and take dot
 * products of 2 windows and 4 kernels at a time; those with few outputs in a group go plane by plane.
 */
export interface ConvShape {
  readonly x: readonly number[]
  readonly weight: readonly number[]
  readonly out: readonly number[]
  readonly strides: readonly number[]
  /** Top, bottom, left, right. */
  readonly pad: readonly number[]
  readonly dilations: readonly number[]
  readonly groups: number
}

/** Elements of a tile of windows: 256 KiB of float64, about a second-level cache. */
const tileElements = 2 ** 15

export function conv(
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array,
  shape: ConvShape,
): Float32Array {
  const [batch = 0, outChannels = 0, outHeight = 0, outWidth = 0] = shape.out
  const outPerGroup = outChannels / shape.groups
  const result = new Float32Array(batch * outChannels * outHeight * outWidth)
  for (let n = 0; n < batch; n++) {
    if (outPerGroup >= 4) {
      const wide = Float64Array.from(weight)
      for (let group = 0; group < shape.groups; group++) convTiles(x, wide, bias, shape, n, group, result)
    } else for (let o = 0; o < outChannels; o++) convPlane(x, weight, bias, shape, n, o, result)
  }
  return result
}

function convTiles(
  x: Float32Array,
  weight: Float64Array,
  bias: Float32Array,
  shape: ConvShape,
  n: number,
  group: number,
  result: Float32Array,
): void {
  const [, perGroup = 0, kernelHeight = 0, kernelWidth = 0] = shape.weight
  const [, outChannels = 0, outHeight = 0, outWidth = 0] = shape.out
  const outPerGroup = outChannels / shape.groups
  const plane = outHeight * outWidth
  const depth = perGroup * kernelHeight * kernelWidth
  const tile = Math.max(2, Math.min(plane, Math.floor(tileElements / Math.max(depth, 1))))
  const windows = new Float64Array((tile + 1) * depth)
  for (let first = 0; first < plane; first += tile) {
    const count = Math.min(tile, plane - first)
    gather(x, shape, n, group, first, count, windows)
    for (let o = 0; o < outPerGroup; o += 4) {
      // A block beyond the last output repeats the ones before it, and writes the same results again.
      const from = group * outPerGroup + Math.min(o, outPerGroup - 4)
      dotBlock(
        windows,
        weight,
        bias,
        depth,
        count,
        from,
        result,
        (n * outChannels + from) * plane + first,
        plane,
      )
    }
  }
}

/** Windows `first`.. of the output plane as rows of `windows`, zeros where they reach over the border. */
function gather(
  x: Float32Array,
  shape: ConvShape,
  n: number,
  group: number,
  first: number,
  count: number,
  windows: Float64Array,
): void {
  const [, channels = 0, height = 0, width = 0] = shape.x
  const [, perGroup = 0, kernelHeight = 0, kernelWidth = 0] = shape.weight
  const outWidth = shape.out[3] as number
  const [strideY = 1, strideX = 1] = shape.strides
  const [padY = 0, , padX = 0] = shape.pad
  const [dilationY = 1, dilationX = 1] = shape.dilations
  const depth = perGroup * kernelHeight * kernelWidth
  for (let c = 0, at = 0; c < perGroup; c++) {
    const source = (n * channels + group * perGroup + c) * height * width
    for (let ky = 0; ky < kernelHeight; ky++) {
      for (let kx = 0; kx < kernelWidth; kx++, at++) {
        let oy = Math.floor(first / outWidth)
        let ox = first - oy * outWidth
        for (let index = 0, target = at; index < count; index++, target += depth) {
          const y = oy * strideY + ky * dilationY - padY
          const column = ox * strideX + kx * dilationX - padX
          const inside = y >= 0 && y < height && column >= 0 && column < width
          windows[target] = inside ? (x[source + y * width + column] as number) : 0
          if (++ox === outWidth) {
            ox = 0
            oy++
          }
        }
      }
    }
  }
}

/** Dot products of `count` windows with the four kernels from `o`, into `result` at `target` and the three planes after it. */
function dotBlock(
  windows: Float64Array,
  weight: Float64Array,
  bias: Float32Array,
  depth: number,
  count: number,
  o: number,
  result: Float32Array,
  target: number,
  plane: number,
): void {
  const [b0, b1, b2, b3] = [bias[o], bias[o + 1], bias[o + 2], bias[o + 3]] as [
    number,
    number,
    number,
    number,
  ]
  const k0 = o * depth
  const [k1, k2, k3] = [k0 + depth, k0 + 2 * depth, k0 + 3 * depth]
  for (let index = 0; index < count; index += 2) {
    const p = index * depth
    const q = p + depth
    let a0 = b0
    let a1 = b1
    let a2 = b2
    let a3 = b3
    let c0 = b0
    let c1 = b1
    let c2 = b2
    let c3 = b3
    for (let i = 0; i < depth; i++) {
      const u = windows[p + i] as number
      const v = windows[q + i] as number
      const w0 = weight[k0 + i] as number
      const w1 = weight[k1 + i] as number
      const w2 = weight[k2 + i] as number
      const w3 = weight[k3 + i] as number
      a0 += u * w0
      a1 += u * w1
      a2 += u * w2
      a3 += u * w3
      c0 += v * w0
      c1 += v * w1
      c2 += v * w2
      c3 += v * w3
    }
    const at = target + index
    result[at] = a0
    result[at + plane] = a1
    result[at + 2 * plane] = a2
    result[at + 3 * plane] = a3
    if (index + 1 === count) continue
    result[at + 1] = c0
    result[at + 1 + plane] = c1
    result[at + 1 + 2 * plane] = c2
    result[at + 1 + 3 * plane] = c3
  }
}

function convPlane(
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array,
  shape: ConvShape,
  n: number,
  o: number,
  result: Float32Array,
): void {
  const [, channels = 0, height = 0, width = 0] = shape.x
  const [, perGroup = 0, kernelHeight = 0, kernelWidth = 0] = shape.weight
  const [, outChannels = 0, outHeight = 0, outWidth = 0] = shape.out
  const [strideY = 1, strideX = 1] = shape.strides
  const [padY = 0, , padX = 0] = shape.pad
  const [dilationY = 1, dilationX = 1] = shape.dilations
  const plane = outHeight * outWidth
  const sums = new Float64Array(plane).fill(bias[o] as number)
  const first = Math.floor((o * shape.groups) / outChannels) * perGroup
  for (let c = 0; c < perGroup; c++) {
    const source = (n * channels + first + c) * height * width
    const filter = (o * perGroup + c) * kernelHeight * kernelWidth
    for (let ky = 0; ky < kernelHeight; ky++) {
      for (let kx = 0; kx < kernelWidth; kx++) {
        const factor = weight[filter + ky * kernelWidth + kx] as number
        const shift = kx * dilationX - padX
        const begin = Math.max(0, Math.ceil(-shift / strideX))
        const end = Math.min(outWidth, Math.floor((width - 1 - shift) / strideX) + 1)
        for (let oy = 0; oy < outHeight; oy++) {
          const y = oy * strideY + ky * dilationY - padY
          if (y < 0 || y >= height) continue
          const row = source + y * width + shift
          const target = oy * outWidth
          for (let ox = begin; ox < end; ox++) {
            sums[target + ox] = (sums[target + ox] as number) + factor * (x[row + ox * strideX] as number)
          }
        }
      }
    }
  }
  result.set(sums, (n * outChannels + o) * plane)
}
