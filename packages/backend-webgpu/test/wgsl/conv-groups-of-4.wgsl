alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 50>;
@group(0) @binding(1) var<storage, read> weights: array<V, 72>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f, 2>;
@group(0) @binding(3) var<storage, read_write> dst: array<V, 18>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 18u) { return; }

  let column = id % 2u;
  let ox = id / 2u % 3u * 1u;
  let row = id / 6u;
  let oy = row % 3u;
  let n = row / 3u;
  let left = i32(ox) * 1 - 0;
  let start = column / 1u * 1u;
  var s0 = bias[column];
  for (var ky = 0; ky < 3; ky++) {
    let iy = i32(oy) * 1 - 0 + ky * 1;
    let line = (n * 5u + u32(iy)) * 5u;
    for (var kx = 0; kx < 3; kx++) {
      let a0 = (line + u32(left + 0 + kx * 1)) * 2u + start;
      let tap = u32(ky * 3 + kx) * 8u + column;
      for (var k = 0u; k < 1u; k++) {
        let w0 = vec4f(weights[tap + (k * 4u + 0u) * 2u]);
        let w1 = vec4f(weights[tap + (k * 4u + 1u) * 2u]);
        let w2 = vec4f(weights[tap + (k * 4u + 2u) * 2u]);
        let w3 = vec4f(weights[tap + (k * 4u + 3u) * 2u]);
        let x0 = vec4f(src[a0 + k]);
        s0 += x0.x * w0 + x0.y * w1 + x0.z * w2 + x0.w * w3;
      }
    }
  }
  let to = (row * 3u + ox) * 2u + column;
  dst[to + 0u] = V(s0);
}
