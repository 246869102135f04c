/**
 * Part of a value along one axis to a place in another: what concatenates and slices. `move` takes whole quads, `moveLanes` channels
 * that begin within a quad on one side: an invocation makes one quad of the result, of which it keeps the lanes before its own.
 */
import { type Kernel, kernel, quads, repeat, type Setting, store } from '../wgsl.ts'

export interface Move {
  /** Products of the sizes before and after the axis; `inner` in quads. */
  readonly outer: number
  readonly inner: number
  /** Along the axis: sizes of both sides, where the part begins in each, and its length. */
  readonly sourceSize: number
  readonly targetSize: number
  readonly from: number
  readonly to: number
  readonly size: number
}

/** @param channels Channels of the part: where the axis is theirs, the lanes of the last quad that are not become 0. */
export function move(shape: Move, channels: number, setting: Setting): Kernel {
  const { outer, inner, sourceSize, targetSize, from, to, size } = shape
  const run = size * inner
  return kernel({
    name: 'move',
    setting,
    bindings: [
      { name: 'src', type: 'vector', count: outer * sourceSize * inner },
      { name: 'dst', type: 'vector', count: outer * targetSize * inner },
    ],
    invocations: outer * run,
    body: `
  let at = id % ${run}u;
  let x = vec4f(src[id / ${run}u * ${sourceSize * inner}u + ${from * inner}u + at]);
  ${store('dst', `id / ${run}u * ${targetSize * inner}u + ${to * inner}u + at`, 'x', 'at', channels)}`,
  })
}

/** `shape` in channels; `inner` is 1. */
export function moveLanes({ outer, sourceSize, targetSize, from, to, size }: Move, setting: Setting): Kernel {
  const [sourceQuads, targetQuads] = [quads(sourceSize), quads(targetSize)]
  const first = Math.floor(to / 4)
  const touched = quads(to + size) - first
  const lane = (i: number): string => `    channel(at, old.${'xyzw'[i]}, id / ${touched}u, ${i}u),`
  return kernel({
    name: 'move lanes',
    setting,
    bindings: [
      { name: 'src', type: 'vector', count: outer * sourceQuads },
      { name: 'dst', type: 'vector', count: outer * targetQuads },
    ],
    invocations: outer * touched,
    declarations: `fn channel(quad: u32, old: f32, pixel: u32, index: u32) -> f32 {
  let c = quad * 4u + index;
  if (c < ${to}u) { return old; }
  if (c >= ${to + size}u) { return 0; }
  let s = c - ${to}u + ${from}u;
  return f32(src[pixel * ${sourceQuads}u + s / 4u][s % 4u]);
}`,
    body: `
  let at = id % ${touched}u + ${first}u;
  let to = id / ${touched}u * ${targetQuads}u + at;
  let old = vec4f(dst[to]);
  dst[to] = V(vec4f(
${repeat(4, lane)}
  ));`,
  })
}
