alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<f32, 243>;
@group(0) @binding(1) var<storage, read> weights: array<V, 54>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f, 2>;
@group(0) @binding(3) var<storage, read_write> dst: array<V, 50>;
fn notNumber(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7fffffff)) > vec4u(0x7f800000); }
fn activate(x: vec4f) -> vec4f { return select(select(x, vec4f(), x < vec4f()), x, notNumber(x)); }
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 50u) { return; }

  let column = id % 2u;
  let ox = id / 2u % 5u * 1u;
  let row = id / 10u;
  let oy = row % 5u;
  let n = row / 5u;
  let left = i32(ox) * 2 - 1;
  let q0 = column + 0u;
  var s0_0 = bias[q0];
  for (var ky = 0; ky < 3; ky++) {
    let iy = i32(oy) * 2 - 1 + ky * 1;
    if (iy < 0 || iy >= 9) { continue; }
    for (var c = 0u; c < 3u; c++) {
      let line = ((n * 3u + c) * 9u + u32(iy)) * 9u;
      let tap = (c * 3u + u32(ky)) * 6u;
      let i0 = left + 0;
      let c0 = select(0, src[line + u32(clamp(i0, 0, 8))], i0 >= 0 && i0 < 9);
      let i1 = left + 1;
      let c1 = select(0, src[line + u32(clamp(i1, 0, 8))], i1 >= 0 && i1 < 9);
      let i2 = left + 2;
      let c2 = select(0, src[line + u32(clamp(i2, 0, 8))], i2 >= 0 && i2 < 9);
      let w0_0 = vec4f(weights[tap + 0u + q0]);
      s0_0 += c0 * w0_0;
      let w1_0 = vec4f(weights[tap + 2u + q0]);
      s0_0 += c1 * w1_0;
      let w2_0 = vec4f(weights[tap + 4u + q0]);
      s0_0 += c2 * w2_0;
    }
  }
  let to = (row * 5u + ox) * 2u;
  dst[to + 0u + q0] = V(activate(s0_0));
}
