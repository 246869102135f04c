/**
 * From a texture to the model's input: turn, resize, crop, normalise. src any 2-D texture, geometry = [scale x, scale y, left, top]
 * (turned pixels a resized pixel; the crop's corner in the resized image), dst NCHW float32. An invocation makes one pixel.
 * The filter is Pillow's (antialiased triangle, or cubic of a = -0.5, over max(scale, 1) x its radius), in float32 and
 * without Pillow's rounding to 8 bits between the passes. Pixels outside the resized image have the colour of the padding.
 */
import type { Preprocess } from '@mobileone/core'
import type { Placement } from '@mobileone/core/framing'
import { inRows, ROW, repeat } from '../wgsl.ts'

const filters = {
  bilinear: { radius: 1, body: 'return max(0, 1 - abs(x));' },
  bicubic: {
    radius: 2,
    body: `let d = abs(x);
  if (d < 1) { return (1.5 * d - 2.5) * d * d + 1; }
  if (d < 2) { return ((-0.5 * d + 2.5) * d - 4) * d + 2; }
  return 0;`,
  },
} as const

const workgroup = 64

/** The workgroups that turn so many pixels. */
export function imageGroups(pixels: number): readonly [x: number, y: number] {
  return inRows(Math.ceil(pixels / workgroup))
}

/** How the texture is turned, and what is around it. */
export type Surroundings = Pick<Placement, 'rotate' | 'flip' | 'padding'>

export function imageKernel(
  { size, mean, std, interpolation }: Preprocess,
  { rotate, flip, padding }: Surroundings = { rotate: 0, flip: false, padding: [0] },
): string {
  const [height, width] = size
  const { radius, body } = filters[interpolation]
  const channel = (c: number): string =>
    mean.length === 1 ? 'dot(color, vec3f(0.299, 0.587, 0.114))' : `color[${c}]`
  return `@group(0) @binding(0) var src: texture_2d<f32>;
@group(0) @binding(1) var<uniform> geometry: vec4f;
@group(0) @binding(2) var<storage, read_write> dst: array<f32, ${mean.length * height * width}>;
fn weight(x: f32) -> f32 {
  ${body}
}
@compute @workgroup_size(${workgroup})
fn main(@builtin(global_invocation_id) place: vec3u) {
  let pixel = place.y * ${ROW * workgroup}u + place.x;
  if (pixel >= ${height * width}u) { return; }
  let edge = vec2f(textureDimensions(src)${rotate % 180 === 0 ? '' : '.yx'});
  let at = vec2f(vec2u(pixel % ${width}u, pixel / ${width}u)) + geometry.zw;
  let centre = (at + 0.5) * geometry.xy;
  let spread = max(geometry.xy, vec2f(1));
  let first = vec2i(max(floor(centre - ${radius} * spread + 0.5), vec2f()));
  let last = vec2i(min(floor(centre + ${radius} * spread + 0.5), edge));
  var color = vec3f();
  var total = 0.0;
  for (var y = first.y; y < last.y; y++) {
    let wy = weight((f32(y) + 0.5 - centre.y) / spread.y);
    for (var x = first.x; x < last.x; x++) {
      let w = wy * weight((f32(x) + 0.5 - centre.x) / spread.x);
      color += w * textureLoad(src, ${texel(rotate, flip)}, 0).rgb;
      total += w;
    }
  }
  let inside = all(centre >= vec2f()) && all(centre < edge) && total != 0;
  color = select(${colour(padding)}, clamp(color / total, vec3f(), vec3f(1)), inside);
${repeat(mean.length, (c) => `  dst[${c * height * width}u + pixel] = (${channel(c)} - ${literal(mean[c]!)}) / ${literal(std[c]!)};`)}
}
`
}

/** Where pixel (x, y) of the turned texture lies in the texture. */
function texel(rotate: Surroundings['rotate'], flip: boolean): string {
  const x = flip ? 'i32(edge.x) - 1 - x' : 'x'
  const mirrored = flip ? 'x' : 'i32(edge.x) - 1 - x'
  const below = 'i32(edge.y) - 1 - y'
  return {
    0: `vec2i(${x}, y)`,
    90: `vec2i(y, ${mirrored})`,
    180: `vec2i(${mirrored}, ${below})`,
    270: `vec2i(${below}, ${x})`,
  }[rotate]
}

function colour(padding: readonly number[]): string {
  if (padding.every((value) => value === 0)) return 'vec3f()'
  return `vec3f(${padding.map((value) => literal(value / 255)).join(', ')})`
}

function literal(value: number): string {
  return `f32(${value})`
}
