alias V = vec4f;
@group(0) @binding(0) var<storage, read> a: array<V, 2>;
@group(0) @binding(1) var<storage, read_write> dst: array<V, 2>;
fn activate(x: vec4f) -> vec4f {
  let z = min(abs(x) * 0.7071067811865476, vec4f(6));
  let t = 1 / (1 + 0.3275911 * z);
  let p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  let e = 1 - p * exp(-z * z);
  return 0.5 * x * (1 + select(e, -e, x < vec4f()));
}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 2u) { return; }

  let x = vec4f(a[id]);
  let result_x = activate(x);
dst[id] = V(select(result_x, vec4f(result_x.xy, 0, 0), id % 2u == 1u));
}
