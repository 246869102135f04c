alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<V, 4>;
@group(0) @binding(1) var<storage, read_write> dst: array<V, 3>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 3u) { return; }

  let e = id % 3u * 4u;
  let n = id / 3u;
  dst[id] = V(vec4f(
    f32(src[(n * 4u + min(e + 0u, 11u) % 4u) * 1u + min(e + 0u, 11u) / 4u / 4u][min(e + 0u, 11u) / 4u % 4u]),
    f32(src[(n * 4u + min(e + 1u, 11u) % 4u) * 1u + min(e + 1u, 11u) / 4u / 4u][min(e + 1u, 11u) / 4u % 4u]),
    f32(src[(n * 4u + min(e + 2u, 11u) % 4u) * 1u + min(e + 2u, 11u) / 4u / 4u][min(e + 2u, 11u) / 4u % 4u]),
    f32(src[(n * 4u + min(e + 3u, 11u) % 4u) * 1u + min(e + 3u, 11u) / 4u / 4u][min(e + 3u, 11u) / 4u % 4u]),
  ));
}
