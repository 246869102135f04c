alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 100>;
@group(0) @binding(1) var<storage, read_write> dst: array<V, 4>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 4u) { return; }

  let q = id % 2u;
  let n = id / 2u;
  var total = vec4f();
  for (var p = 0u; p < 25u; p++) { total += vec4f(src[(n * 25u + p) * 2u + q]); }
  total /= 25;
  let result_total = total;
dst[id] = V(select(result_total, vec4f(result_total.xy, 0, 0), q == 1u));
}
