/**
 * Planes: 4 channels of one image, 16 bytes a pixel, padded with zeros. Depthwise work runs on them, so that its inner
 * loops know neither borders nor channel counts: packing and unpacking do. Lanes of channels that do not exist hold
 * anything.
 */
import { masked, masked4, relu4 } from './simd'

/**
 * Image pixels [h, w] of `lanes` channels, `pixel` bytes a pixel, `lane` bytes a channel, to plane rows
 * `y * spreadH + top`, columns `x * spreadW + left`; what falls outside of [height, width] is left out. Where `y` is not 0
 * it is laid out as the image is, and values are kept only where it is above zero.
 */
export function packPlane(
  image: usize, y: usize, h: i32, w: i32, pixel: usize, lane: usize, lanes: i32,
  plane: usize, height: i32, width: i32, spreadH: i32, spreadW: i32, top: i32, left: i32,
): void {
  const first = left < 0 ? (spreadW - 1 - left) / spreadW : 0
  const end = min(w, width - left > 0 ? (width - left + spreadW - 1) / spreadW : 0)
  const direct = lanes == 4 && lane == 4
  const step = <usize>spreadW << 4
  const delta = y - image
  for (let r = 0; r < h; ++r) {
    const row = r * spreadH + top
    if (<u32>row >= <u32>height) continue
    let p = image + <usize>(r * w + first) * pixel
    let q = plane + (<usize>(row * width + first * spreadW + left) << 4)
    if (direct) {
      if (y) {
        for (let x = first; x < end; ++x) {
          v128.store(q, masked4(v128.load(p), v128.load(p + delta)))
          p += pixel
          q += step
        }
      } else {
        for (let x = first; x < end; ++x) {
          v128.store(q, v128.load(p))
          p += pixel
          q += step
        }
      }
    } else {
      for (let x = first; x < end; ++x) {
        let from = p
        for (let l = 0; l < lanes; ++l) {
          let v = load<f32>(from)
          if (y) v = masked(v, load<f32>(from + delta))
          store<f32>(q + (<usize>l << 2), v)
          from += lane
        }
        p += pixel
        q += step
      }
    }
  }
}

/** Plane rows of `pitch` bytes, [h, w] pixels from the first, to an image; through ReLU where `relu`. */
export function unpackPlane(
  plane: usize, pitch: usize, h: i32, w: i32, image: usize, pixel: usize, lane: usize, lanes: i32, relu: i32,
): void {
  const direct = lanes == 4 && lane == 4
  for (; h > 0; --h) {
    let p = plane
    for (let x = w; x > 0; --x) {
      let v = v128.load(p)
      if (relu) v = relu4(v)
      if (direct) {
        v128.store(image, v)
      } else {
        let to = image
        store<f32>(to, f32x4.extract_lane(v, 0))
        if (lanes > 1) store<f32>(to += lane, f32x4.extract_lane(v, 1))
        if (lanes > 2) store<f32>(to += lane, f32x4.extract_lane(v, 2))
        if (lanes > 3) store<f32>(to += lane, f32x4.extract_lane(v, 3))
      }
      p += 16
      image += pixel
    }
    plane += pitch
  }
}

/**
 * `filter` [taps, c, m] to [m][taps + 1][4] for the 4 channels from `c0`: first the bias (0 where `bias` is 0), then the
 * taps, in reverse order where `flip`.
 */
export function packFilter(filter: usize, bias: usize, taps: i32, c: i32, m: i32, c0: i32, flip: bool, to: usize): void {
  for (let j = 0; j < m; ++j) {
    for (let t = -1; t < taps; ++t) {
      for (let l = 0; l < 4; ++l) {
        const channel = (c0 + l) * m + j
        let v: f32 = 0
        if (c0 + l < c) {
          if (t < 0) v = bias ? load<f32>(bias + (<usize>channel << 2)) : 0
          else v = load<f32>(filter + (<usize>((flip ? taps - 1 - t : t) * c * m + channel) << 2))
        }
        store<f32>(to, v)
        to += 4
      }
    }
  }
}
