alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 98>;
@group(0) @binding(1) var<storage, read> weights: array<V, 18>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f, 2>;
@group(0) @binding(3) var<storage, read_write> dst: array<V, 98>;
fn notNumber(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7fffffff)) > vec4u(0x7f800000); }
fn activate(x: vec4f) -> vec4f { return select(select(x, vec4f(), x < vec4f()), x, notNumber(x)); }
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 98u) { return; }

  let column = id % 2u;
  let ox = id / 2u % 7u * 1u;
  let row = id / 14u;
  let oy = row % 7u;
  let n = row / 7u;
  let left = i32(ox) * 1 - 1;
  var s0 = bias[column];
  for (var ky = 0; ky < 3; ky++) {
    let iy = i32(oy) * 1 - 1 + ky * 1;
    if (iy < 0 || iy >= 7) { continue; }
    let line = (n * 7u + u32(iy)) * 14u + column;
    let i0 = left + 0;
    let c0 = select(vec4f(), vec4f(src[line + u32(clamp(i0, 0, 6)) * 2u]), i0 >= 0 && i0 < 7);
    let i1 = left + 1;
    let c1 = select(vec4f(), vec4f(src[line + u32(clamp(i1, 0, 6)) * 2u]), i1 >= 0 && i1 < 7);
    let i2 = left + 2;
    let c2 = select(vec4f(), vec4f(src[line + u32(clamp(i2, 0, 6)) * 2u]), i2 >= 0 && i2 < 7);
    let w0 = vec4f(weights[u32(ky) * 6u + 0u + column]);
    s0 += c0 * w0;
    let w1 = vec4f(weights[u32(ky) * 6u + 2u + column]);
    s0 += c1 * w1;
    let w2 = vec4f(weights[u32(ky) * 6u + 4u + column]);
    s0 += c2 * w2;
  }
  let to = (row * 7u + ox) * 2u + column;
  dst[to + 0u] = V(activate(s0));
}
