alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 48>;
@group(0) @binding(1) var<storage, read_write> dst: array<V, 224>;
struct Taps { low: u32, high: u32, share: f32 }
fn taps(above: u32, below: u32, size: u32) -> Taps {
  let low = above / below;
  if (above % below == 0u || low + 1u >= size) { return Taps(min(low, size - 1u), min(low, size - 1u), 0.5); }
  return Taps(low, low + 1u, f32(above % below) / f32(below));
}
fn notNumber(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7fffffff)) > vec4u(0x7f800000); }
fn activate(x: vec4f) -> vec4f { return x * select(clamp(x + 3, vec4f(), vec4f(6)) / 6, x, notNumber(x)); }
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 224u) { return; }

  let q = id % 2u;
  let x = taps(u32(max((2 * i32((id / 2u % 8u)) + 1) * 4 - 8, 0)), 16u, 4u);
  let y = taps(u32(max((2 * i32((id / 16u % 7u)) + 1) * 3 - 7, 0)), 14u, 3u);
  let n = id / 112u;
  let upper = vec4f(src[((n * 3u + y.low) * 4u + x.low) * 2u + q]) * (1 - x.share) + vec4f(src[((n * 3u + y.low) * 4u + x.high) * 2u + q]) * x.share;
  let lower = vec4f(src[((n * 3u + y.high) * 4u + x.low) * 2u + q]) * (1 - x.share) + vec4f(src[((n * 3u + y.high) * 4u + x.high) * 2u + q]) * x.share;
  let result = upper * (1 - y.share) + lower * y.share;
  let result_result = activate(result);
dst[id] = V(select(result_result, vec4f(result_result.xy, 0, 0), q == 1u));
}
