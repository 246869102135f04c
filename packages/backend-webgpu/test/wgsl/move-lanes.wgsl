alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 24>;
@group(0) @binding(1) var<storage, read_write> dst: array<V, 12>;
fn channel(quad: u32, old: f32, pixel: u32, index: u32) -> f32 {
  let c = quad * 4u + index;
  if (c < 0u) { return old; }
  if (c >= 3u) { return 0; }
  let s = c - 0u + 3u;
  return f32(src[pixel * 2u + s / 4u][s % 4u]);
}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 12u) { return; }

  let at = id % 1u + 0u;
  let to = id / 1u * 1u + at;
  let old = vec4f(dst[to]);
  dst[to] = V(vec4f(
    channel(at, old.x, id / 1u, 0u),
    channel(at, old.y, id / 1u, 1u),
    channel(at, old.z, id / 1u, 2u),
    channel(at, old.w, id / 1u, 3u),
  ));
}
