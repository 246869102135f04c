/** Kernels of the interpreter: float32 values, sums in float64, rounded once. */
export function relu(x: Float32Array): Float32Array {
  const result = new Float32Array(x.length)
  for (let index = 0; index < x.length; index++) {
    result[index] = Math.max(x[index] as number, 0)
  }
  return result
}

/** Batch normalisation with fixed statistics of `x` [N, C, H, W], of which a plane has `plane` elements. */
export function batchNorm(
  x: Float32Array,
  plane: number,
  {
    gamma,
    beta,
    mean,
    variance,
    epsilon,
  }: Readonly<Record<'gamma' | 'beta' | 'mean' | 'variance', Float32Array>> & { readonly epsilon: number },
): Float32Array {
  const result = new Float32Array(x.length)
  for (let index = 0; index < x.length; index++) {
    const channel = Math.floor(index / plane) % gamma.length
    const scale = (gamma[channel] as number) / Math.sqrt((variance[channel] as number) + epsilon)
    result[index] = ((x[index] as number) - (mean[channel] as number)) * scale + (beta[channel] as number)
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
