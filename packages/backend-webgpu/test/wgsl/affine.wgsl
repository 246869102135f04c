alias V = vec4f;
@group(0) @binding(0) var<storage, read> a: array<V, 8>;
@group(0) @binding(1) var<storage, read_write> dst: array<V, 8>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 8u) { return; }

  let x = fma(vec4f(a[id]), vec4f(0.10000000149011612), vec4f(-2));
  let result_x = x;
dst[id] = V(select(result_x, vec4f(result_x.xy, 0, 0), id % 2u == 1u));
}
