@group(0) @binding(0) var src: texture_2d<f32>;
@group(0) @binding(1) var<uniform> geometry: vec4f;
@group(0) @binding(2) var<storage, read_write> dst: array<f32, 72>;
fn weight(x: f32) -> f32 {
  return max(0, 1 - abs(x));
}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) place: vec3u) {
  let pixel = place.y * 4194240u + place.x;
  if (pixel >= 24u) { return; }
  let edge = vec2f(textureDimensions(src).yx);
  let at = vec2f(vec2u(pixel % 6u, pixel / 6u)) + geometry.zw;
  let centre = (at + 0.5) * geometry.xy;
  let spread = max(geometry.xy, vec2f(1));
  let first = vec2i(max(floor(centre - 1 * spread + 0.5), vec2f()));
  let last = vec2i(min(floor(centre + 1 * spread + 0.5), edge));
  var color = vec3f();
  var total = 0.0;
  for (var y = first.y; y < last.y; y++) {
    let wy = weight((f32(y) + 0.5 - centre.y) / spread.y);
    for (var x = first.x; x < last.x; x++) {
      let w = wy * weight((f32(x) + 0.5 - centre.x) / spread.x);
      color += w * textureLoad(src, vec2i(i32(edge.y) - 1 - y, i32(edge.x) - 1 - x), 0).rgb;
      total += w;
    }
  }
  let inside = all(centre >= vec2f()) && all(centre < edge) && total != 0;
  color = select(vec3f(f32(0.48627450980392156), f32(0.4549019607843137), f32(0.40784313725490196)), clamp(color / total, vec3f(), vec3f(1)), inside);
  dst[0u + pixel] = (color[0] - f32(0.5)) / f32(1);
  dst[24u + pixel] = (color[1] - f32(0.25)) / f32(0.5);
  dst[48u + pixel] = (color[2] - f32(0)) / f32(0.25);
}
