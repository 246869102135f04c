alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 2099200>;
@group(0) @binding(1) var<storage, read> weights: array<V, 40>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f, 5>;
@group(0) @binding(3) var<storage, read_write> dst: array<V, 5248000>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 787200u) { return; }

  let first = id / 3u * 4u;
  let q0 = id % 3u;
  let q1 = min(q0 + 3u, 4u);
  let p0 = first + 0u;
  let p1 = first + 1u;
  let p2 = first + 2u;
  let p3 = first + 3u;
  var s0_0 = bias[q0];
  var s0_1 = bias[q1];
  var s1_0 = bias[q0];
  var s1_1 = bias[q1];
  var s2_0 = bias[q0];
  var s2_1 = bias[q1];
  var s3_0 = bias[q0];
  var s3_1 = bias[q1];
  for (var k = 0u; k < 2u; k++) {
    let row = k * 20u;
    let x0 = vec4f(src[p0 * 2u + k]);
    let x1 = vec4f(src[p1 * 2u + k]);
    let x2 = vec4f(src[p2 * 2u + k]);
    let x3 = vec4f(src[p3 * 2u + k]);
    let w0_0 = vec4f(weights[row + 0u + q0]);
    s0_0 += x0.x * w0_0;
    s1_0 += x1.x * w0_0;
    s2_0 += x2.x * w0_0;
    s3_0 += x3.x * w0_0;
    let w0_1 = vec4f(weights[row + 5u + q0]);
    s0_0 += x0.y * w0_1;
    s1_0 += x1.y * w0_1;
    s2_0 += x2.y * w0_1;
    s3_0 += x3.y * w0_1;
    let w0_2 = vec4f(weights[row + 10u + q0]);
    s0_0 += x0.z * w0_2;
    s1_0 += x1.z * w0_2;
    s2_0 += x2.z * w0_2;
    s3_0 += x3.z * w0_2;
    let w0_3 = vec4f(weights[row + 15u + q0]);
    s0_0 += x0.w * w0_3;
    s1_0 += x1.w * w0_3;
    s2_0 += x2.w * w0_3;
    s3_0 += x3.w * w0_3;
    let w1_0 = vec4f(weights[row + 0u + q1]);
    s0_1 += x0.x * w1_0;
    s1_1 += x1.x * w1_0;
    s2_1 += x2.x * w1_0;
    s3_1 += x3.x * w1_0;
    let w1_1 = vec4f(weights[row + 5u + q1]);
    s0_1 += x0.y * w1_1;
    s1_1 += x1.y * w1_1;
    s2_1 += x2.y * w1_1;
    s3_1 += x3.y * w1_1;
    let w1_2 = vec4f(weights[row + 10u + q1]);
    s0_1 += x0.z * w1_2;
    s1_1 += x1.z * w1_2;
    s2_1 += x2.z * w1_2;
    s3_1 += x3.z * w1_2;
    let w1_3 = vec4f(weights[row + 15u + q1]);
    s0_1 += x0.w * w1_3;
    s1_1 += x1.w * w1_3;
    s2_1 += x2.w * w1_3;
    s3_1 += x3.w * w1_3;
  }
  dst[p0 * 5u + q0] = V(s0_0);
  if (q0 + 3u < 5u) {
dst[p0 * 5u + q1] = V(s0_1);
  }
  dst[p1 * 5u + q0] = V(s1_0);
  if (q0 + 3u < 5u) {
dst[p1 * 5u + q1] = V(s1_1);
  }
  dst[p2 * 5u + q0] = V(s2_0);
  if (q0 + 3u < 5u) {
dst[p2 * 5u + q1] = V(s2_1);
  }
  dst[p3 * 5u + q0] = V(s3_0);
  if (q0 + 3u < 5u) {
dst[p3 * 5u + q1] = V(s3_1);
  }
}
