alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 12>;
@group(0) @binding(1) var<storage, read_write> dst: array<V, 56>;
struct Taps { low: u32, high: u32, share: f32 }
fn taps(above: u32, below: u32, size: u32) -> Taps {
  let low = above / below;
  if (above % below == 0u || low + 1u >= size) { return Taps(min(low, size - 1u), min(low, size - 1u), 0.5); }
  return Taps(low, low + 1u, f32(above % below) / f32(below));
}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 56u) { return; }

  let q = id % 1u;
  let x = taps((id / 1u % 8u) * 3u, 7u, 4u);
  let y = taps((id / 8u % 7u) * 2u, 6u, 3u);
  let n = id / 56u;
  let upper = vec4f(src[((n * 3u + y.low) * 4u + x.low) * 1u + q]) * (1 - x.share) + vec4f(src[((n * 3u + y.low) * 4u + x.high) * 1u + q]) * x.share;
  let lower = vec4f(src[((n * 3u + y.high) * 4u + x.low) * 1u + q]) * (1 - x.share) + vec4f(src[((n * 3u + y.high) * 4u + x.high) * 1u + q]) * x.share;
  let result = upper * (1 - y.share) + lower * y.share;
  dst[id] = V(result);
}
