alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 26>;
@group(0) @binding(1) var<storage, read> weights: array<V, 156>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f, 3>;
@group(0) @binding(3) var<storage, read_write> dst: array<V, 6>;
var<workgroup> partial: array<vec4f, 64>;
@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = place.x;
  if (group >= 1u) { return; }

  let first = group / 1u * 2u;
  let left = group % 1u * 8u;
  let q = min(left + lane % 8u, 2u);
  let a0 = (first + 0u) * 13u;
  var s0 = vec4f();
  let a1 = (first + 1u) * 13u;
  var s1 = vec4f();
  for (var k = lane / 8u; k < 13u; k += 4u) {
    let row = k * 12u + q;
    let x0 = vec4f(src[a0 + k]);
    let x1 = vec4f(src[a1 + k]);
    let w0 = vec4f(weights[row + 0u]);
    s0 += x0.x * w0;
    s1 += x1.x * w0;
    let w1 = vec4f(weights[row + 3u]);
    s0 += x0.y * w1;
    s1 += x1.y * w1;
    let w2 = vec4f(weights[row + 6u]);
    s0 += x0.z * w2;
    s1 += x1.z * w2;
    let w3 = vec4f(weights[row + 9u]);
    s0 += x0.w * w3;
    s1 += x1.w * w3;
  }
  partial[lane * 2u + 0u] = s0;
  partial[lane * 2u + 1u] = s1;
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let column = left + own / 2u;
    let n = first + own % 2u;
    if (column < 3u && n < 2u) {
      var total = bias[column];
      for (var i = own; i < 64u; i += 16u) { total += partial[i]; }
      let result_total = total;
dst[n * 3u + column] = V(select(result_total, vec4f(result_total.xy, 0, 0), column == 2u));
    }
  }
}
