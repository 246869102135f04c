/**
 * The largest value of each window, f32; NaN is larger than all, which f32x4.max takes several instructions for: where there is one,
 * all bits are set at the end. Units are output rows of each group of 8 channels of each image.
 */
import { DST, IN_H, IN_W, KERNEL_H, KERNEL_W, OUT_H, OUT_W, PAD_H, PAD_W, SRC, STRIDE_H, STRIDE_W } from '../src/abi'
import { at, pointer } from './record'

export function maxPool(step: usize, from: i32, to: i32): void {
  const inH = at(step, IN_H), inW = at(step, IN_W), outH = at(step, OUT_H), outW = at(step, OUT_W)
  let dst = pointer(step, DST) + (<usize>(from * outW) << 5)
  for (let u = from; u < to; ++u) {
    const image = pointer(step, SRC) + (<usize>(u / outH * inH * inW) << 5)
    const y = (u % outH) * at(step, STRIDE_H) - at(step, PAD_H)
    const bottom = min(inH, y + at(step, KERNEL_H))
    for (let ox = 0; ox < outW; ++ox, dst += 32) {
      const x = ox * at(step, STRIDE_W) - at(step, PAD_W)
      const right = min(inW, x + at(step, KERNEL_W))
      let m0 = f32x4.splat(-Infinity), m1 = m0, nan0 = f32x4.splat(0), nan1 = nan0
      for (let iy = max(0, y); iy < bottom; ++iy) {
        const left = max(0, x)
        let p = image + (<usize>(iy * inW + left) << 5)
        for (let ix = left; ix < right; ++ix, p += 32) {
          const x0 = v128.load(p), x1 = v128.load(p, 16)
          m0 = f32x4.pmax(m0, x0)
          m1 = f32x4.pmax(m1, x1)
          nan0 = v128.or(nan0, f32x4.ne(x0, x0))
          nan1 = v128.or(nan1, f32x4.ne(x1, x1))
        }
      }
      v128.store(dst, v128.or(m0, nan0))
      v128.store(dst, v128.or(m1, nan1), 16)
    }
  }
}
