/**
 * Another height and width, as `interpolation` of the core says, in whole numbers. src [N][H][W][Q], dst [N][H'][W'][Q]. An
 * invocation makes one quad. A pixel that is a result by itself is both halves of it, so that infinity times 0 is not NaN.
 */
import type { NodeOf } from '@mobileone/core'
import { type Kernel, kernel, quads, type Setting, store } from '../wgsl.ts'
import type { Resize } from './max-pool.ts'

export function upsample(shape: Resize<NodeOf<'upsample'>>, setting: Setting): Kernel {
  const { node, input, output, activation } = shape
  const [batch = 1, channels = 1, height = 1, width = 1] = input
  const [, , outHeight = 1, outWidth = 1] = output
  const Q = quads(channels)
  const nearest = node.mode === 'nearest'
  const taps = (index: string, from: number, to: number): string => {
    if (nearest) return `${index} * ${from}u / ${to}u`
    const above = node.alignCorners
      ? `${index} * ${from - 1}u`
      : `u32(max((2 * i32(${index}) + 1) * ${from} - ${to}, 0))`
    const below = node.alignCorners ? Math.max(1, to - 1) : 2 * to
    return `taps(${above}, ${below}u, ${from}u)`
  }
  const pixel = (y: string, x: string): string =>
    `vec4f(src[((n * ${height}u + ${y}) * ${width}u + ${x}) * ${Q}u + q])`
  return kernel({
    name: node.mode,
    setting,
    activation,
    bindings: [
      { name: 'src', type: 'vector', count: batch * height * width * Q },
      { name: 'dst', type: 'vector', count: batch * outHeight * outWidth * Q },
    ],
    invocations: batch * outHeight * outWidth * Q,
    ...(!nearest && {
      declarations: `struct Taps { low: u32, high: u32, share: f32 }
fn taps(above: u32, below: u32, size: u32) -> Taps {
  let low = above / below;
  if (above % below == 0u || low + 1u >= size) { return Taps(min(low, size - 1u), min(low, size - 1u), 0.5); }
  return Taps(low, low + 1u, f32(above % below) / f32(below));
}`,
    }),
    body: `
  let q = id % ${Q}u;
  let x = ${taps(`(id / ${Q}u % ${outWidth}u)`, width, outWidth)};
  let y = ${taps(`(id / ${Q * outWidth}u % ${outHeight}u)`, height, outHeight)};
  let n = id / ${Q * outWidth * outHeight}u;
${
  nearest
    ? `  let result = ${pixel('y', 'x')};`
    : `  let upper = ${pixel('y.low', 'x.low')} * (1 - x.share) + ${pixel('y.low', 'x.high')} * x.share;
  let lower = ${pixel('y.high', 'x.low')} * (1 - x.share) + ${pixel('y.high', 'x.high')} * x.share;
  let result = upper * (1 - y.share) + lower * y.share;`
}
  ${store('dst', 'id', 'result', 'q', channels, activation)}`,
  })
}
