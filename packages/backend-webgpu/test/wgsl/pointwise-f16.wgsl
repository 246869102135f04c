enable f16;
alias V = vec4<f16>;
@group(0) @binding(0) var<storage, read> src: array<V, 50>;
@group(0) @binding(1) var<storage, read> weights: array<V, 24>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f, 3>;
@group(0) @binding(3) var<storage, read_write> dst: array<V, 75>;
fn activate(x: vec4f) -> vec4f { return select(x, vec4f(), x < vec4f()); }
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 75u) { return; }

  let first = id / 3u * 1u;
  let q0 = id % 3u;
  let p0 = first + 0u;
  var s0_0 = bias[q0];
  for (var k = 0u; k < 2u; k++) {
    let row = k * 12u;
    let x0 = vec4f(src[p0 * 2u + k]);
    let w0_0 = vec4f(weights[row + 0u + q0]);
    s0_0 += x0.x * w0_0;
    let w0_1 = vec4f(weights[row + 3u + q0]);
    s0_0 += x0.y * w0_1;
    let w0_2 = vec4f(weights[row + 6u + q0]);
    s0_0 += x0.z * w0_2;
    let w0_3 = vec4f(weights[row + 9u + q0]);
    s0_0 += x0.w * w0_3;
  }
  dst[p0 * 3u + q0] = V(activate(s0_0));
}
