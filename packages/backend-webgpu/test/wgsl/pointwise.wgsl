alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 175>;
@group(0) @binding(1) var<storage, read> weights: array<V, 84>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f, 3>;
@group(0) @binding(3) var<storage, read_write> dst: array<V, 75>;
fn notNumber(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7fffffff)) > vec4u(0x7f800000); }
fn activate(x: vec4f) -> vec4f { return select(select(x, vec4f(), x < vec4f()), x, notNumber(x)); }
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 75u) { return; }

  let first = id / 3u * 1u;
  let q = id % 3u;
  let p0 = first + 0u;
  var s0 = bias[q];
  for (var k = 0u; k < 7u; k++) {
    let row = k * 12u + q;
    let x0 = vec4f(src[p0 * 7u + k]);
    let w0 = vec4f(weights[row + 0u]);
    s0 += x0.x * w0;
    let w1 = vec4f(weights[row + 3u]);
    s0 += x0.y * w1;
    let w2 = vec4f(weights[row + 6u]);
    s0 += x0.z * w2;
    let w3 = vec4f(weights[row + 9u]);
    s0 += x0.w * w3;
  }
  dst[p0 * 3u + q] = V(activate(s0));
}
