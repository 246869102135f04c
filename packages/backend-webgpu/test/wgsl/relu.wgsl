alias V = vec4f;
@group(0) @binding(0) var<storage, read> a: array<V, 2>;
@group(0) @binding(1) var<storage, read_write> dst: array<V, 2>;
fn notNumber(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7fffffff)) > vec4u(0x7f800000); }
fn activate(x: vec4f) -> vec4f { return select(select(x, vec4f(), x < vec4f()), x, notNumber(x)); }
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 2u) { return; }

  let x = vec4f(a[id]);
  let result_x = activate(x);
dst[id] = V(select(result_x, vec4f(result_x.xy, 0, 0), id % 2u == 1u));
}
