/**
 * The largest value of each window. src [N][H][W][Q], dst [N][H'][W'][Q]. An invocation makes one quad. Places outside of the image
 * are moved to its edge, which lies in the window too; a comparison with NaN may be optimised away, so its bits are tested.
 */
import type { Node, NodeOf } from '@mobileone/core'
import { type Activation, type Kernel, kernel, notNumber, quads, type Setting, store } from '../wgsl.ts'

export interface Resize<N extends Node = Node> {
  readonly node: N
  /** [N, C, H, W] of both. */
  readonly input: readonly number[]
  readonly output: readonly number[]
  readonly activation: Activation
}

export function maxPool(
  { node, input, output, activation }: Resize<NodeOf<'maxPool'>>,
  setting: Setting,
): Kernel {
  const [batch = 1, channels = 1, height = 1, width = 1] = input
  const [, , outHeight = 1, outWidth = 1] = output
  const Q = quads(channels)
  const { kernel: size, stride, padding } = node
  return kernel({
    name: 'max',
    setting,
    activation,
    bindings: [
      { name: 'src', type: 'vector', count: batch * height * width * Q },
      { name: 'dst', type: 'vector', count: batch * outHeight * outWidth * Q },
    ],
    invocations: batch * outHeight * outWidth * Q,
    declarations: notNumber,
    body: `
  let q = id % ${Q}u;
  let ox = i32(id / ${Q}u % ${outWidth}u);
  let oy = i32(id / ${Q * outWidth}u % ${outHeight}u);
  let n = id / ${Q * outWidth * outHeight}u;
  let top = oy * ${stride[0]} - ${padding[0]};
  let left = ox * ${stride[1]} - ${padding[1]};
  var most = vec4f(src[((n * ${height}u + u32(max(top, 0))) * ${width}u + u32(max(left, 0))) * ${Q}u + q]);
  var bad = most;
  for (var ky = 0; ky < ${size[0]}; ky++) {
    let row = (n * ${height}u + u32(clamp(top + ky, 0, ${height - 1}))) * ${width}u;
    for (var kx = 0; kx < ${size[1]}; kx++) {
      let x = vec4f(src[(row + u32(clamp(left + kx, 0, ${width - 1}))) * ${Q}u + q]);
      most = select(most, x, x > most);
      bad = select(bad, x, notNumber(x));
    }
  }
  let result = select(most, bad, notNumber(bad));
  ${store('dst', 'id', 'result', 'q', channels, activation)}`,
  })
}
