alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 6>;
@group(0) @binding(1) var<storage, read> weights: array<V, 36>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f, 3>;
@group(0) @binding(3) var<storage, read_write> dst: array<V, 6>;
var<workgroup> partial: array<vec4f, 64>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = place.x;
  if (group >= 2u) { return; }

  let n = group / 1u;
  let q = group % 1u * 8u + lane % 8u;
  let column = min(q, 2u);
  var sum = vec4f();
  for (var k = lane / 8u; k < 3u; k += 8u) {
    let x = vec4f(src[n * 3u + k]);
    let row = k * 12u + column;
    sum += x.x * vec4f(weights[row + 0u]);
    sum += x.y * vec4f(weights[row + 3u]);
    sum += x.z * vec4f(weights[row + 6u]);
    sum += x.w * vec4f(weights[row + 9u]);
  }
  partial[lane] = sum;
  workgroupBarrier();
  if (lane < 8u && q < 3u) {
    var total = bias[q];
    for (var i = lane; i < 64u; i += 8u) { total += partial[i]; }
    let result_total = total;
dst[n * 3u + q] = V(select(result_total, vec4f(result_total.xy, 0, 0), q == 2u));
  }
}
