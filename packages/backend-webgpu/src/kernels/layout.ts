/**
 * Between NCHW float32 and vectors of 4 channels: `fromNchw` and `toNchw`, and `flatten`, which puts a feature map into the
 * order of its NCHW elements. An invocation makes one quad, or for `toNchw` one element.
 */
import { type Kernel, kernel, quads, repeat, type Setting } from '../wgsl.ts'

export interface Layout {
  readonly batch: number
  readonly channels: number
  readonly pixels: number
}

export function fromNchw({ batch, channels, pixels }: Layout, setting: Setting): Kernel {
  const Q = quads(channels)
  const lane = (i: number): string => {
    const value = `src[(n * ${channels}u + min(q * 4u + ${i}u, ${channels - 1}u)) * ${pixels}u + p]`
    return channels % 4 === 0 ? `    ${value},` : `    select(0, ${value}, q * 4u + ${i}u < ${channels}u),`
  }
  return kernel({
    name: 'from NCHW',
    setting,
    bindings: [
      { name: 'src', type: 'f32', count: batch * channels * pixels },
      { name: 'dst', type: 'vector', count: batch * pixels * Q },
    ],
    invocations: batch * pixels * Q,
    body: `
  let q = id % ${Q}u;
  let p = id / ${Q}u % ${pixels}u;
  let n = id / ${Q * pixels}u;
  dst[id] = V(vec4f(
${repeat(4, lane)}
  ));`,
  })
}

export function toNchw({ batch, channels, pixels }: Layout, setting: Setting): Kernel {
  const Q = quads(channels)
  return kernel({
    name: 'to NCHW',
    setting,
    bindings: [
      { name: 'src', type: 'vector', count: batch * pixels * Q },
      { name: 'dst', type: 'f32', count: batch * channels * pixels },
    ],
    invocations: batch * channels * pixels,
    body: `
  let p = id % ${pixels}u;
  let c = id / ${pixels}u % ${channels}u;
  let n = id / ${channels * pixels}u;
  dst[id] = f32(src[(n * ${pixels}u + p) * ${Q}u + c / 4u][c % 4u]);`,
  })
}

export function flatten({ batch, channels, pixels }: Layout, setting: Setting): Kernel {
  const Q = quads(channels)
  const length = channels * pixels
  const flat = quads(length)
  const lane = (i: number): string => {
    const at = `min(e + ${i}u, ${length - 1}u)`
    const value = `f32(src[(n * ${pixels}u + ${at} % ${pixels}u) * ${Q}u + ${at} / ${pixels}u / 4u][${at} / ${pixels}u % 4u])`
    return length % 4 === 0 ? `    ${value},` : `    select(0, ${value}, e + ${i}u < ${length}u),`
  }
  return kernel({
    name: 'flatten',
    setting,
    bindings: [
      { name: 'src', type: 'vector', count: batch * pixels * Q },
      { name: 'dst', type: 'vector', count: batch * flat },
    ],
    invocations: batch * flat,
    body: `
  let e = id % ${flat}u * 4u;
  let n = id / ${flat}u;
  dst[id] = V(vec4f(
${repeat(4, lane)}
  ));`,
  })
}
