/**
 * Kernels of the interpreter: NCHW float32 values, sums in float64, rounded once. Plain loops, ordered so that the inner
 * one runs along a row of the image.
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

export function conv(
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array,
  shape: ConvShape,
): Float32Array {
  const [batch = 0, channels = 0, height = 0, width = 0] = shape.x
  const [, perGroup = 0, kernelHeight = 0, kernelWidth = 0] = shape.weight
  const [, outChannels = 0, outHeight = 0, outWidth = 0] = shape.out
  const [strideY = 1, strideX = 1] = shape.strides
  const [padY = 0, , padX = 0] = shape.pad
  const [dilationY = 1, dilationX = 1] = shape.dilations
  const outPerGroup = outChannels / shape.groups
  const plane = outHeight * outWidth
  const sums = new Float64Array(plane)
  const result = new Float32Array(batch * outChannels * plane)
  const pointwise =
    kernelHeight === 1 && kernelWidth === 1 && strideY === 1 && strideX === 1 && plane === height * width
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outChannels; o++) {
      const first = Math.floor(o / outPerGroup) * perGroup
      sums.fill(bias[o] as number)
      for (let c = 0; c < perGroup; c++) {
        const source = (n * channels + first + c) * height * width
        const filter = (o * perGroup + c) * kernelHeight * kernelWidth
        if (pointwise) {
          const factor = weight[filter] as number
          for (let index = 0; index < plane; index++) {
            sums[index] = (sums[index] as number) + factor * (x[source + index] as number)
          }
          continue
        }
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
  }
  return result
}

/** Rows of `x` [rows, inputs] times the transpose of `weight` [outputs, inputs]. */
export function linear(x: Float32Array, weight: Float32Array, bias: Float32Array): Float32Array {
  const outputs = bias.length
  const inputs = weight.length / outputs
  const rows = x.length / inputs
  const result = new Float32Array(rows * outputs)
  for (let row = 0; row < rows; row++) {
    for (let o = 0; o < outputs; o++) {
      let sum = bias[o] as number
      for (let i = 0; i < inputs; i++)
        sum += (x[row * inputs + i] as number) * (weight[o * inputs + i] as number)
      result[row * outputs + o] = sum
    }
  }
  return result
}

/** `combine` over two arrays whose shapes broadcast to `shape` by NumPy's rules. */
export function broadcast(
  [x, xShape]: readonly [Float32Array, readonly number[]],
  [y, yShape]: readonly [Float32Array, readonly number[]],
  shape: readonly number[],
  combine: (x: number, y: number) => number,
): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1)
  const result = new Float32Array(count)
  const [xSteps, ySteps] = [steps(xShape, shape), steps(yShape, shape)]
  const position = shape.map(() => 0)
  let [xAt, yAt] = [0, 0]
  for (let index = 0; index < count; index++) {
    result[index] = combine(x[xAt] as number, y[yAt] as number)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (position[axis] as number) + 1
      xAt += xSteps[axis] as number
      yAt += ySteps[axis] as number
      if (next < (shape[axis] as number)) {
        position[axis] = next
        break
      }
      position[axis] = 0
      xAt -= next * (xSteps[axis] as number)
      yAt -= next * (ySteps[axis] as number)
    }
  }
  return result
}

/** How far each axis of `target` moves in an array of `shape`: 0 where that axis is broadcast. */
function steps(shape: readonly number[], target: readonly number[]): readonly number[] {
  const offset = target.length - shape.length
  return target.map((_, axis) => {
    const own = axis - offset
    if (own < 0 || shape[own] === 1) return 0
    return shape.slice(own + 1).reduce((product, size) => product * size, 1)
  })
}

/** Means over the trailing `plane` elements. */
export function planeMeans(x: Float32Array, plane: number): Float32Array {
  const result = new Float32Array(x.length / plane)
  for (let index = 0; index < result.length; index++) {
    let sum = 0
    for (let pixel = 0; pixel < plane; pixel++) sum += x[index * plane + pixel] as number
    result[index] = sum / plane
  }
  return result
}

/** Softmax of rows of `size` elements. */
export function softmax(x: Float32Array, size: number): Float32Array {
  const result = new Float32Array(x.length)
  for (let start = 0; start < x.length; start += size) {
    let most = Number.NEGATIVE_INFINITY
    for (let index = start; index < start + size; index++) {
      const value = x[index] as number
      if (!(value <= most)) most = value
      if (Number.isNaN(value)) break
    }
    let sum = 0
    for (let index = start; index < start + size; index++) sum += Math.exp((x[index] as number) - most)
    for (let index = start; index < start + size; index++)
      result[index] = Math.exp((x[index] as number) - most) / sum
  }
  return result
}
