alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 50>;
@group(0) @binding(1) var<storage, read> weights: array<V, 36>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f, 2>;
@group(0) @binding(3) var<storage, read_write> dst: array<V, 50>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 50u) { return; }

  let column = id % 2u;
  let ox = id / 2u % 5u * 1u;
  let row = id / 10u;
  let oy = row % 5u;
  let n = row / 5u;
  var s = bias[column];
  let first = min(column * 4u + vec4u(0, 1, 2, 3), vec4u(5)) / 2u * 2u;
  for (var ky = 0; ky < 3; ky++) {
    let iy = i32(oy) * 1 - 1 + ky * 1;
    if (iy < 0 || iy >= 5) { continue; }
    for (var kx = 0; kx < 3; kx++) {
      let ix = i32(ox) * 1 - 1 + kx * 1;
      if (ix < 0 || ix >= 5) { continue; }
      let pixel = ((n * 5u + u32(iy)) * 5u + u32(ix)) * 2u;
      let tap = u32(ky * 3 + kx) * 4u + column;
      for (var k = 0u; k < 2u; k++) {
        let c = first + k;
        let at = pixel + c / 4u;
        let x = vec4f(
          f32(src[at.x][c.x % 4u]),
          f32(src[at.y][c.y % 4u]),
          f32(src[at.z][c.z % 4u]),
          f32(src[at.w][c.w % 4u]),
        );
        s += x * vec4f(weights[tap + k * 2u]);
      }
    }
  }
  let result_s = s;
dst[(row * 5u + ox) * 2u + column] = V(select(result_s, vec4f(result_s.xy, 0, 0), column == 1u));
}
