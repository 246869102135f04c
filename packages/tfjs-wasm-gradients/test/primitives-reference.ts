/** The primitives written down plainly in float64, and their gradients by finite differences. */

export interface Array64 {
  readonly shape: readonly number[]
  readonly data: Float64Array
}

export type Operation = 'affine' | 'covariance' | 'moments' | 'depthwise' | 'depthwiseMoments'

interface Options {
  readonly stride?: readonly [number, number]
  readonly relu?: boolean
}

type Reference = (inputs: readonly Array64[], options: Options) => readonly Array64[]

/** Values in -1 .. 1 that float32 holds exactly. */
export function array(shape: readonly number[], seed: number): Array64 {
  let state = seed
  const data = new Float64Array(shape.reduce((product, length) => product * length, 1)).map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 12) / 2 ** 19 - 1
  })
  return { shape, data }
}

function make(shape: readonly number[]): Array64 {
  return { shape, data: new Float64Array(shape.reduce((product, length) => product * length, 1)) }
}

function finish(value: number, relu: boolean | undefined): number {
  return relu && value < 0 ? 0 : value
}

export const operations: Record<Operation, Reference> = {
  affine([x, w, bias], { relu }) {
    const [rows, ins] = x!.shape as [number, number]
    const outs = w!.shape[1]!
    const y = make([rows, outs])
    for (let r = 0; r < rows; r++) {
      for (let o = 0; o < outs; o++) {
        let sum = bias?.data[o] ?? 0
        for (let i = 0; i < ins; i++) sum += x!.data[r * ins + i]! * w!.data[i * outs + o]!
        y.data[r * outs + o] = finish(sum, relu)
      }
    }
    return [y]
  },
  covariance([x]) {
    const [rows, n] = x!.shape as [number, number]
    const [mean] = operations.moments([x!], {})
    const c = make([n, n])
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        for (let r = 0; r < rows; r++)
          c.data[i * n + j]! +=
            ((x!.data[r * n + i]! - mean!.data[i]!) * (x!.data[r * n + j]! - mean!.data[j]!)) / rows
      }
    }
    return [c, mean!]
  },
  moments([x]) {
    const n = x!.shape.at(-1)!
    const rows = x!.data.length / n
    const mean = make([n])
    const variance = make([n])
    for (const [i, value] of x!.data.entries()) mean.data[i % n]! += value / rows
    for (const [i, value] of x!.data.entries())
      variance.data[i % n]! += (value - mean.data[i % n]!) ** 2 / rows
    return [mean, variance]
  },
  depthwise([x, filter, bias], { stride, relu }) {
    const [n, h, w, c] = x!.shape as [number, number, number, number]
    const [kernelH, kernelW, , multiplier] = filter!.shape as [number, number, number, number]
    const [strideH, strideW] = stride!
    const [top, left] = [Math.floor(kernelH / 2), Math.floor(kernelW / 2)]
    const oh = Math.floor((h + 2 * top - kernelH) / strideH) + 1
    const ow = Math.floor((w + 2 * left - kernelW) / strideW) + 1
    const y = make([n, oh, ow, c * multiplier])
    for (const [index] of y.data.entries()) {
      const channel = index % (c * multiplier)
      const [source, m] = [Math.floor(channel / multiplier), channel % multiplier]
      const pixel = Math.floor(index / (c * multiplier))
      const [ox, oy, image] = [pixel % ow, Math.floor(pixel / ow) % oh, Math.floor(pixel / (ow * oh))]
      let sum = bias?.data[channel] ?? 0
      for (let ky = 0; ky < kernelH; ky++) {
        for (let kx = 0; kx < kernelW; kx++) {
          const iy = oy * strideH + ky - top
          const ix = ox * strideW + kx - left
          if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue
          sum +=
            x!.data[((image * h + iy) * w + ix) * c + source]! *
            filter!.data[((ky * kernelW + kx) * c + source) * multiplier + m]!
        }
      }
      y.data[index] = finish(sum, relu)
    }
    return [y]
  },
  depthwiseMoments(inputs, { stride }) {
    return operations.moments(operations.depthwise(inputs, { stride: stride!, relu: false }), {})
  },
}

/** The derivative by one element of one input of the sum of the outputs' products with `weights`: central difference. */
export function numericGradient(
  operation: Operation,
  inputs: readonly Array64[],
  options: Options,
  weights: readonly Array64[],
  input: number,
  element: number,
): number {
  const step = 1e-6
  const loss = (delta: number): number => {
    const data = inputs[input]!.data.slice()
    data[element]! += delta
    const moved = inputs.with(input, { ...inputs[input]!, data })
    return operations[operation](moved, options).reduce(
      (total, { data }, o) => data.reduce((sum, value, i) => sum + value * weights[o]!.data[i]!, total),
      0,
    )
  }
  return (loss(step) - loss(-step)) / (2 * step)
}
