alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 100>;
@group(0) @binding(1) var<storage, read_write> dst: array<V, 4>;
var<workgroup> partial: array<vec4f, 64>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = place.x;
  if (group >= 2u) { return; }

  let n = group / 1u;
  let q = group % 1u * 8u + lane % 8u;
  let column = min(q, 1u);
  var sum = vec4f();
  for (var p = lane / 8u; p < 25u; p += 8u) {
    sum += vec4f(src[(n * 25u + p) * 2u + column]);
  }
  partial[lane] = sum;
  workgroupBarrier();
  if (lane < 8u && q < 2u) {
    var total = vec4f();
    for (var i = lane; i < 64u; i += 8u) { total += partial[i]; }
    total /= 25;
    let result_total = total;
dst[n * 2u + q] = V(select(result_total, vec4f(result_total.xy, 0, 0), q == 1u));
  }
}
