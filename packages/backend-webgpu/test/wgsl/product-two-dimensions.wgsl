alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 6297600>;
@group(0) @binding(1) var<storage, read> weights: array<V, 120>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f, 5>;
@group(0) @binding(3) var<storage, read_write> dst: array<V, 5248000>;
var<workgroup> partial: array<vec4f, 64>;
@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = place.y * 65535u + place.x;
  if (group >= 262400u) { return; }

  let first = group / 1u * 4u;
  let left = group % 1u * 8u;
  let q = min(left + lane % 8u, 4u);
  let a0 = (first + 0u) * 6u;
  var s0 = vec4f();
  let a1 = (first + 1u) * 6u;
  var s1 = vec4f();
  let a2 = (first + 2u) * 6u;
  var s2 = vec4f();
  let a3 = (first + 3u) * 6u;
  var s3 = vec4f();
  for (var k = lane / 8u; k < 6u; k += 2u) {
    let row = k * 20u + q;
    let x0 = vec4f(src[a0 + k]);
    let x1 = vec4f(src[a1 + k]);
    let x2 = vec4f(src[a2 + k]);
    let x3 = vec4f(src[a3 + k]);
    let w0 = vec4f(weights[row + 0u]);
    s0 += x0.x * w0;
    s1 += x1.x * w0;
    s2 += x2.x * w0;
    s3 += x3.x * w0;
    let w1 = vec4f(weights[row + 5u]);
    s0 += x0.y * w1;
    s1 += x1.y * w1;
    s2 += x2.y * w1;
    s3 += x3.y * w1;
    let w2 = vec4f(weights[row + 10u]);
    s0 += x0.z * w2;
    s1 += x1.z * w2;
    s2 += x2.z * w2;
    s3 += x3.z * w2;
    let w3 = vec4f(weights[row + 15u]);
    s0 += x0.w * w3;
    s1 += x1.w * w3;
    s2 += x2.w * w3;
    s3 += x3.w * w3;
  }
  partial[lane * 4u + 0u] = s0;
  partial[lane * 4u + 1u] = s1;
  partial[lane * 4u + 2u] = s2;
  partial[lane * 4u + 3u] = s3;
  workgroupBarrier();
  for (var own = lane; own < 32u; own += 16u) {
    let column = left + own / 4u;
    let n = first + own % 4u;
    if (column < 5u && n < 1049600u) {
      var total = bias[column];
      for (var i = own; i < 64u; i += 32u) { total += partial[i]; }
      dst[n * 5u + column] = V(total);
    }
  }
}
