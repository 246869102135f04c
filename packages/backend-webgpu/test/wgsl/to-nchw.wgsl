alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 8>;
@group(0) @binding(1) var<storage, read_write> dst: array<f32, 24>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 24u) { return; }

  let p = id % 4u;
  let c = id / 4u % 6u;
  let n = id / 24u;
  dst[id] = f32(src[(n * 4u + p) * 2u + c / 4u][c % 4u]);
}
