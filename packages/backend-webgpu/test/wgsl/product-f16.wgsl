enable f16;
alias V = vec4<f16>;
@group(0) @binding(0) var<storage, read> src: array<V, 175>;
@group(0) @binding(1) var<storage, read> weights: array<V, 84>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f, 3>;
@group(0) @binding(3) var<storage, read_write> dst: array<V, 75>;
var<workgroup> partial: array<vec4f, 64>;
fn notNumber(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7fffffff)) > vec4u(0x7f800000); }
fn activate(x: vec4f) -> vec4f { return select(select(x, vec4f(), x < vec4f()), x, notNumber(x)); }
@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = place.x;
  if (group >= 7u) { return; }

  let first = group / 1u * 4u;
  let left = group % 1u * 8u;
  let q = min(left + lane % 8u, 2u);
  let a0 = (first + 0u) * 7u;
  var s0 = vec4f();
  let a1 = min(first + 1u, 24u) * 7u;
  var s1 = vec4f();
  let a2 = min(first + 2u, 24u) * 7u;
  var s2 = vec4f();
  let a3 = min(first + 3u, 24u) * 7u;
  var s3 = vec4f();
  for (var k = lane / 8u; k < 7u; k += 2u) {
    let row = k * 12u + q;
    let x0 = vec4f(src[a0 + k]);
    let x1 = vec4f(src[a1 + k]);
    let x2 = vec4f(src[a2 + k]);
    let x3 = vec4f(src[a3 + k]);
    let w0 = vec4f(weights[row + 0u]);
    s0 += x0.x * w0;
    s1 += x1.x * w0;
    s2 += x2.x * w0;
    s3 += x3.x * w0;
    let w1 = vec4f(weights[row + 3u]);
    s0 += x0.y * w1;
    s1 += x1.y * w1;
    s2 += x2.y * w1;
    s3 += x3.y * w1;
    let w2 = vec4f(weights[row + 6u]);
    s0 += x0.z * w2;
    s1 += x1.z * w2;
    s2 += x2.z * w2;
    s3 += x3.z * w2;
    let w3 = vec4f(weights[row + 9u]);
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
    if (column < 3u && n < 25u) {
      var total = bias[column];
      for (var i = own; i < 64u; i += 32u) { total += partial[i]; }
      dst[n * 3u + column] = V(activate(total));
    }
  }
}
