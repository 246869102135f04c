alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 12>;
@group(0) @binding(1) var<storage, read_write> dst: array<V, 72>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 72u) { return; }

  let q = id % 1u;
  let x = (id / 1u % 12u) * 4u / 12u;
  let y = (id / 12u % 6u) * 3u / 6u;
  let n = id / 72u;
  let result = vec4f(src[((n * 3u + y) * 4u + x) * 1u + q]);
  dst[id] = V(result);
}
