/** The patches of NHWC images under a convolution's windows as the rows of a matrix: columns in the order row, column, channel. */
import { addSums, SAMPLE } from './columns'
import {
  at, CHANNELS_FIRST, IN_C, IN_H, IN_W, KERNEL_H, KERNEL_W, OUT_H, OUT_W, PAD_LEFT, PAD_TOP, STRIDE_H, STRIDE_W,
} from './geometry'

/**
 * Rows [first, first + rows) of the patches, channel by channel within a pixel, zeros outside of the image, at `to` every `step`
 * bytes.
 */
export function gather(g: usize, x: usize, first: i32, rows: i32, to: usize, step: usize): void {
  const h = at(g, IN_H), w = at(g, IN_W), c = at(g, IN_C)
  const oh = at(g, OUT_H), ow = at(g, OUT_W)
  const kernelH = at(g, KERNEL_H), kernelW = at(g, KERNEL_W)
  const planar = at(g, CHANNELS_FIRST)
  const pixel = <usize>(planar ? 1 : c) << 2
  const lane = <usize>(planar ? h * w : 1) << 2
  const rest = step - (<usize>(kernelH * kernelW * c) << 2)
  for (let p = first; p < first + rows; ++p) {
    const image = x + (<usize>(p / (oh * ow) * h * w * c) << 2)
    const place = p % (oh * ow)
    const y = place / ow * at(g, STRIDE_H) - at(g, PAD_TOP)
    const left = place % ow * at(g, STRIDE_W) - at(g, PAD_LEFT)
    if (!planar && y >= 0 && left >= 0 && y + kernelH <= h && left + kernelW <= w) {
      let row = image + <usize>(y * w + left) * pixel
      for (let ky = kernelH; ky > 0; --ky) {
        let from = row
        let n = kernelW * c
        for (; n >= 4; n -= 4) {
          v128.store(to, v128.load(from))
          from += 16
          to += 16
        }
        for (; n > 0; --n) {
          store<f32>(to, load<f32>(from))
          from += 4
          to += 4
        }
        row += <usize>w * pixel
      }
      to += rest
      continue
    }
    for (let iy = y; iy < y + kernelH; ++iy) {
      for (let ix = left; ix < left + kernelW; ++ix) {
        if (<u32>iy < <u32>h && <u32>ix < <u32>w) {
          let from = image + <usize>(iy * w + ix) * pixel
          let n = c
          if (!planar) {
            for (; n >= 4; n -= 4) {
              v128.store(to, v128.load(from))
              from += 16
              to += 16
            }
          }
          for (; n > 0; --n) {
            store<f32>(to, load<f32>(from))
            from += lane
            to += 4
          }
        } else {
          for (let n = c; n > 0; --n) {
            store<f32>(to, 0)
            to += 4
          }
        }
      }
    }
    to += rest
  }
}

/** `dx` += the rows [first, first + rows) of the patches' gradient, `from`, each where it was gathered; NHWC. */
export function scatter(g: usize, from: usize, first: i32, rows: i32, dx: usize): void {
  const h = at(g, IN_H), w = at(g, IN_W), c = at(g, IN_C)
  const oh = at(g, OUT_H), ow = at(g, OUT_W)
  for (let p = first; p < first + rows; ++p) {
    const image = dx + (<usize>(p / (oh * ow) * h * w * c) << 2)
    const place = p % (oh * ow)
    const y = place / ow * at(g, STRIDE_H) - at(g, PAD_TOP)
    const left = place % ow * at(g, STRIDE_W) - at(g, PAD_LEFT)
    for (let iy = y; iy < y + at(g, KERNEL_H); ++iy) {
      for (let ix = left; ix < left + at(g, KERNEL_W); ++ix) {
        if (<u32>iy < <u32>h && <u32>ix < <u32>w) addSums(from, 1, c, image + (<usize>((iy * w + ix) * c) << 2))
        from += <usize>c << 2
      }
    }
  }
}

/** As sampleMean, of patches of `n` values; `patch`: scratch for one. */
export function samplePatches(g: usize, x: usize, rows: i32, n: i32, mean: usize, patch: usize): void {
  const count = min(rows, SAMPLE)
  memory.fill(mean, 0, <usize>n << 2)
  for (let k = 0; k < count; ++k) {
    gather(g, x, <i32>(<i64>k * <i64>rows / <i64>count), 1, patch, <usize>n << 2)
    addSums(patch, 1, n, mean)
  }
  for (let c = 0; c < n; ++c) {
    const at = mean + (<usize>c << 2)
    store<f32>(at, load<f32>(at) / <f32>count)
  }
}
