alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 140>;
@group(0) @binding(1) var<storage, read_write> dst: array<V, 64>;
fn notNumber(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7fffffff)) > vec4u(0x7f800000); }
fn activate(x: vec4f) -> vec4f { return select(clamp(x, vec4f(), vec4f(6)), x, notNumber(x)); }
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 64u) { return; }

  let q = id % 2u;
  let ox = i32(id / 2u % 4u);
  let oy = i32(id / 8u % 4u);
  let n = id / 32u;
  let top = oy * 2 - 1;
  let left = ox * 1 - 0;
  var most = vec4f(src[((n * 7u + u32(max(top, 0))) * 5u + u32(max(left, 0))) * 2u + q]);
  var bad = most;
  for (var ky = 0; ky < 3; ky++) {
    let row = (n * 7u + u32(clamp(top + ky, 0, 6))) * 5u;
    for (var kx = 0; kx < 2; kx++) {
      let x = vec4f(src[(row + u32(clamp(left + kx, 0, 4))) * 2u + q]);
      most = select(most, x, x > most);
      bad = select(bad, x, notNumber(x));
    }
  }
  let result = select(most, bad, notNumber(bad));
  let result_result = activate(result);
dst[id] = V(select(result_result, vec4f(result_result.xy, 0, 0), q == 1u));
}
