/**
 * exp(x - max) / sum over the channels. src [rows][Q], dst [rows][Q]. A workgroup makes one row: the largest element, then
 * the sum, are found in workgroup memory. Lanes past the last channel take no part.
 */
import { type Kernel, kernel, notNumber, quads, type Setting, store } from '../wgsl.ts'

export interface Softmax {
  readonly rows: number
  readonly channels: number
}

export function softmax({ rows, channels }: Softmax, setting: Setting): Kernel {
  const Q = quads(channels)
  const { workgroup } = setting
  const quad = (name: string): string => `vec4f(src[group * ${Q}u + ${name}])`
  return kernel({
    name: 'softmax',
    setting,
    bindings: [
      { name: 'src', type: 'vector', count: rows * Q },
      { name: 'dst', type: 'vector', count: rows * Q },
    ],
    groups: rows,
    declarations: `${notNumber}
fn power(x: vec4f) -> vec4f { return select(exp(x), x, notNumber(x)); }
var<workgroup> largest: array<f32, ${workgroup}>;
var<workgroup> total: array<f32, ${workgroup}>;`,
    body: `
  var most = -3.4028234e38;
  for (var q = lane; q < ${Q}u; q += ${workgroup}u) {
    let x = ${quad('q')};
    for (var i = 0u; i < min(4u, ${channels}u - q * 4u); i++) { most = select(most, x[i], x[i] > most); }
  }
  largest[lane] = most;
  workgroupBarrier();
  for (var i = 0u; i < ${workgroup}u; i++) { most = select(most, largest[i], largest[i] > most); }
  var sum = 0.0;
  for (var q = lane; q < ${Q}u; q += ${workgroup}u) {
    let x = power(${quad('q')} - most);
    for (var i = 0u; i < min(4u, ${channels}u - q * 4u); i++) { sum += x[i]; }
  }
  total[lane] = sum;
  workgroupBarrier();
  var all = 0.0;
  for (var i = 0u; i < ${workgroup}u; i++) { all += total[i]; }
  for (var q = lane; q < ${Q}u; q += ${workgroup}u) {
    let y = power(${quad('q')} - most) / all;
    ${store('dst', `group * ${Q}u + q`, 'y', 'q', channels)}
  }`,
  })
}
