alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 6>;
@group(0) @binding(1) var<storage, read_write> dst: array<V, 6>;
fn notNumber(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7fffffff)) > vec4u(0x7f800000); }
fn power(x: vec4f) -> vec4f { return select(exp(x), x, notNumber(x)); }
var<workgroup> largest: array<f32, 64>;
var<workgroup> total: array<f32, 64>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = place.x;
  if (group >= 2u) { return; }

  var most = -3.4028234e38;
  for (var q = lane; q < 3u; q += 64u) {
    let x = vec4f(src[group * 3u + q]);
    for (var i = 0u; i < min(4u, 10u - q * 4u); i++) { most = select(most, x[i], x[i] > most); }
  }
  largest[lane] = most;
  workgroupBarrier();
  for (var i = 0u; i < 64u; i++) { most = select(most, largest[i], largest[i] > most); }
  var sum = 0.0;
  for (var q = lane; q < 3u; q += 64u) {
    let x = power(vec4f(src[group * 3u + q]) - most);
    for (var i = 0u; i < min(4u, 10u - q * 4u); i++) { sum += x[i]; }
  }
  total[lane] = sum;
  workgroupBarrier();
  var all = 0.0;
  for (var i = 0u; i < 64u; i++) { all += total[i]; }
  for (var q = lane; q < 3u; q += 64u) {
    let y = power(vec4f(src[group * 3u + q]) - most) / all;
    let result_y = y;
dst[group * 3u + q] = V(select(result_y, vec4f(result_y.xy, 0, 0), q == 2u));
  }
}
