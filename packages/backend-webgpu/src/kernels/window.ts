/** The shape of a convolution and the loads its kernels share. */
import type { Activation } from '../wgsl.ts'

type Pair = readonly [height: number, width: number]

export interface Convolution {
  readonly batch: number
  readonly inChannels: number
  readonly outChannels: number
  readonly input: Pair
  readonly output: Pair
  readonly kernel: Pair
  readonly stride: Pair
  readonly padding: Pair
  readonly dilation: Pair
  readonly groups: number
  readonly activation: Activation
}

/** The distinct columns that `pixels` neighbouring outputs read, relative to the first output's first column. */
export function columnsRead({ kernel, stride, dilation }: Convolution, pixels: number): readonly number[] {
  const columns = new Set<number>()
  for (let p = 0; p < pixels; p++)
    for (let kx = 0; kx < kernel[1]; kx++) columns.add(p * stride[1] + kx * dilation[1])
  return [...columns].sort((a, b) => a - b)
}

/** Whether some output of a row of tiles reads a column outside the input. */
export function leavesRow(shape: Convolution, pixels: number): boolean {
  const tiles = Math.ceil(shape.output[1] / pixels)
  const last = (tiles * pixels - 1) * shape.stride[1] - shape.padding[1]
  return shape.padding[1] > 0 || last + (shape.kernel[1] - 1) * shape.dilation[1] >= shape.input[1]
}

/** The head of a kernel whose invocation makes `pixels` neighbours of one row and some quads: `column`, `ox`, `oy`, `n`. */
export function tileOf({ output }: Convolution, pixels: number, columns: number): string {
  const across = Math.ceil(output[1] / pixels)
  return `
  let column = id % ${columns}u;
  let ox = id / ${columns}u % ${across}u * ${pixels}u;
  let row = id / ${columns * across}u;
  let oy = row % ${output[0]}u;
  let n = row / ${output[0]}u;`
}

/** Loop over the kernel's rows inside the input: `ky` and `iy`. */
export function overRows({ kernel, stride, padding, dilation, input }: Convolution, body: string): string {
  const inside = padding[0] === 0 ? '' : `\n    if (iy < 0 || iy >= ${input[0]}) { continue; }`
  return `
  for (var ky = 0; ky < ${kernel[0]}; ky++) {
    let iy = i32(oy) * ${stride[0]} - ${padding[0]} + ky * ${dilation[0]};${inside}
${body}
  }`
}
