/**
 * The mean over height and width. src [N][pixels][Q], dst [N][Q]. A workgroup makes `columns` quads of one image; its
 * invocations split the pixels into `slices`, and the first slice adds the partial sums up in workgroup memory.
 */
import { type Kernel, kernel, quads, type Setting, store } from '../wgsl.ts'

export interface Mean {
  readonly batch: number
  readonly pixels: number
  readonly channels: number
}

export function mean({ batch, pixels, channels }: Mean, setting: Setting): Kernel {
  const Q = quads(channels)
  const { workgroup } = setting
  const columns = Math.min(8, workgroup)
  const slices = Math.floor(workgroup / columns)
  const across = Math.ceil(Q / columns)
  return kernel({
    name: `mean ${slices} slices`,
    setting,
    bindings: [
      { name: 'src', type: 'vector', count: batch * pixels * Q },
      { name: 'dst', type: 'vector', count: batch * Q },
    ],
    groups: batch * across,
    declarations: `var<workgroup> partial: array<vec4f, ${workgroup}>;`,
    body: `
  let n = group / ${across}u;
  let q = group % ${across}u * ${columns}u + lane % ${columns}u;
  let column = min(q, ${Q - 1}u);
  var sum = vec4f();
  for (var p = lane / ${columns}u; p < ${pixels}u; p += ${slices}u) {
    sum += vec4f(src[(n * ${pixels}u + p) * ${Q}u + column]);
  }
  partial[lane] = sum;
  workgroupBarrier();
  if (lane < ${columns}u && q < ${Q}u) {
    var total = vec4f();
    for (var i = lane; i < ${columns * slices}u; i += ${columns}u) { total += partial[i]; }
    total /= ${pixels};
    ${store('dst', `n * ${Q}u + q`, 'total', 'q', channels)}
  }`,
  })
}
