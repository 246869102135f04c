alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 80>;
@group(0) @binding(1) var<storage, read_write> dst: array<V, 32>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 32u) { return; }

  let at = id % 16u;
  let x = vec4f(src[id / 16u * 40u + 8u + at]);
  dst[id / 16u * 16u + 0u + at] = V(x);
}
