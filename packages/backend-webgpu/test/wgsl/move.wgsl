alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 36>;
@group(0) @binding(1) var<storage, read_write> dst: array<V, 24>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 24u) { return; }

  let at = id % 2u;
  let x = vec4f(src[id / 2u * 3u + 1u + at]);
  let result_x = x;
dst[id / 2u * 2u + 0u + at] = V(select(result_x, vec4f(result_x.xy, 0, 0), at == 1u));
}
