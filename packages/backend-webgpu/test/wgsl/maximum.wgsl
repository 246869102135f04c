alias V = vec4f;
@group(0) @binding(0) var<storage, read> a: array<V, 9>;
@group(0) @binding(1) var<storage, read> b: array<V, 9>;
@group(0) @binding(2) var<storage, read_write> dst: array<V, 9>;
fn notNumber(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7fffffff)) > vec4u(0x7f800000); }
fn larger(a: vec4f, b: vec4f) -> vec4f {
  let most = select(a, b, b > a);
  return select(select(most, b, notNumber(b)), a, notNumber(a));
}
fn notNumber(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7fffffff)) > vec4u(0x7f800000); }
fn activate(x: vec4f) -> vec4f { return select(clamp(x, vec4f(), vec4f(6)), x, notNumber(x)); }
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 9u) { return; }

  let x = larger(vec4f(a[id]), vec4f(b[id]));
  dst[id] = V(activate(x));
}
