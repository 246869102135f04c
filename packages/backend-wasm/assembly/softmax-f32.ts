/**
 * Softmax over the K channels of each image, f32. Units are images. The maximum is subtracted first; a NaN fills
 * its row.
 */
import { DST, K, SRC, SRC_PLANE } from '../src/abi'
import { exp } from './exp-f32'
import { at, pointer } from './record'

export function softmax(step: usize, from: i32, to: i32): void {
  const k = at(step, K)
  const plane = pointer(step, SRC_PLANE)
  for (let n = from; n < to; ++n) {
    const src = pointer(step, SRC) + (<usize>n << 5)
    const dst = pointer(step, DST) + (<usize>n << 5)
    let top: f32 = -Infinity
    for (let c = 0; c < k; ++c) top = max(top, load<f32>(src + element(c, plane)))
    const shift = f32x4.splat(top)
    const end = <usize>((k + 7) >> 3) * plane
    for (let p: usize = 0; p < end; p += plane) {
      v128.store(dst + p, exp(f32x4.sub(v128.load(src + p), shift)))
      v128.store(dst + p, exp(f32x4.sub(v128.load(src + p, 16), shift)), 16)
    }
    let sum: f32 = 0
    for (let c = 0; c < k; ++c) sum += load<f32>(dst + element(c, plane))
    const total = f32x4.splat(sum)
    for (let p: usize = 0; p < end; p += plane) {
      v128.store(dst + p, f32x4.div(v128.load(dst + p), total))
      v128.store(dst + p, f32x4.div(v128.load(dst + p, 16), total), 16)
    }
  }
}

// @ts-ignore: decorator
@inline
function element(channel: i32, plane: usize): usize {
  return <usize>(channel >> 3) * plane + (<usize>(channel & 7) << 2)
}
