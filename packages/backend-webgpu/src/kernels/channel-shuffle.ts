/** Channels taken in turn from each of equal groups. src, dst [P][Q], P pixels. An invocation makes one quad. */
import { type Kernel, kernel, quads, repeat, type Setting, store } from '../wgsl.ts'

export interface ChannelShuffle {
  readonly pixels: number
  readonly channels: number
  readonly groups: number
}

export function channelShuffle({ pixels, channels, groups }: ChannelShuffle, setting: Setting): Kernel {
  const Q = quads(channels)
  return kernel({
    name: 'channel shuffle',
    setting,
    bindings: [
      { name: 'src', type: 'vector', count: pixels * Q },
      { name: 'dst', type: 'vector', count: pixels * Q },
    ],
    invocations: pixels * Q,
    declarations: `fn channel(pixel: u32, c: u32) -> f32 {
  let s = min(c % ${groups}u * ${channels / groups}u + c / ${groups}u, ${channels - 1}u);
  return f32(src[pixel * ${Q}u + s / 4u][s % 4u]);
}`,
    body: `
  let q = id % ${Q}u;
  let x = vec4f(
${repeat(4, (i) => `    channel(id / ${Q}u, q * 4u + ${i}u),`)}
  );
  ${store('dst', 'id', 'x', 'q', channels)}`,
  })
}
