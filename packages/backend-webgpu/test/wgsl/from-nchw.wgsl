alias V = vec4f;
@group(0) @binding(0) var<storage, read> src: array<f32, 24>;
@group(0) @binding(1) var<storage, read_write> dst: array<V, 8>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) place: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = (place.x) * 64u + lane;
  if (id >= 8u) { return; }

  let q = id % 2u;
  let p = id / 2u % 4u;
  let n = id / 8u;
  dst[id] = V(vec4f(
    select(0, src[(n * 6u + min(q * 4u + 0u, 5u)) * 4u + p], q * 4u + 0u < 6u),
    select(0, src[(n * 6u + min(q * 4u + 1u, 5u)) * 4u + p], q * 4u + 1u < 6u),
    select(0, src[(n * 6u + min(q * 4u + 2u, 5u)) * 4u + p], q * 4u + 2u < 6u),
    select(0, src[(n * 6u + min(q * 4u + 3u, 5u)) * 4u + p], q * 4u + 3u < 6u),
  ));
}
