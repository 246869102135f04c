alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 18>;
@group(0) @binding(1) var<storage, read> factors: array<vec4f, 4>;
@group(0) @binding(2) var<storage, read_write> dst: array<V, 18>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 18u) { return; }

  let q = id % 2u;
  let x = vec4f(src[id]) * factors[q] + factors[2u + q];
  let result_x = x;
dst[id] = V(select(result_x, vec4f(result_x.x, 0, 0, 0), q == 1u));
}
