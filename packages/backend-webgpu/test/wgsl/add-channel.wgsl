alias V = vec4f;
@group(0) @binding(0) var<storage, read> a: array<V, 36>;
@group(0) @binding(1) var<storage, read> b: array<V, 4>;
@group(0) @binding(2) var<storage, read_write> dst: array<V, 36>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 36u) { return; }

  let x = vec4f(a[id]) + vec4f(b[id / 18u * 2u + id % 2u]);
  let result_x = x;
dst[id] = V(select(result_x, vec4f(result_x.xy, 0, 0), id % 2u == 1u));
}
