/**
 * Matrix product for few rows: linear layers, 1x1 convolutions of pooled maps. src [rows][inQuads], weights
 * [4 inQuads][outQuads], bias [outQuads], dst [rows][outQuads]. A workgroup makes `columns` quads of one row; its
 * invocations split the inputs into `slices`, and the first slice adds the partial sums up in workgroup memory.
 */
import { type Activation, type Kernel, kernel, quads, repeat, type Setting, store } from '../wgsl.ts'

export interface Product {
  readonly rows: number
  readonly inChannels: number
  readonly outChannels: number
  readonly activation: Activation
}

export function product({ rows, inChannels, outChannels, activation }: Product, setting: Setting): Kernel {
  const [inQuads, outQuads] = [quads(inChannels), quads(outChannels)]
  const { workgroup } = setting
  const columns = Math.min(8, workgroup)
  const slices = Math.floor(workgroup / columns)
  const across = Math.ceil(outQuads / columns)
  return kernel({
    name: `product ${slices} slices`,
    setting,
    activation,
    bindings: [
      { name: 'src', type: 'vector', count: rows * inQuads },
      { name: 'weights', type: 'vector', count: inQuads * 4 * outQuads },
      { name: 'bias', type: 'vec4f', count: outQuads },
      { name: 'dst', type: 'vector', count: rows * outQuads },
    ],
    groups: rows * across,
    declarations: `var<workgroup> partial: array<vec4f, ${workgroup}>;`,
    body: `
  let n = group / ${across}u;
  let q = group % ${across}u * ${columns}u + lane % ${columns}u;
  let column = min(q, ${outQuads - 1}u);
  var sum = vec4f();
  for (var k = lane / ${columns}u; k < ${inQuads}u; k += ${slices}u) {
    let x = vec4f(src[n * ${inQuads}u + k]);
    let row = k * ${4 * outQuads}u + column;
${repeat(4, (i) => `    sum += x.${'xyzw'[i]} * vec4f(weights[row + ${i * outQuads}u]);`)}
  }
  partial[lane] = sum;
  workgroupBarrier();
  if (lane < ${columns}u && q < ${outQuads}u) {
    var total = bias[q];
    for (var i = lane; i < ${columns * slices}u; i += ${columns}u) { total += partial[i]; }
    ${store('dst', `n * ${outQuads}u + q`, 'total', 'q', outChannels, activation)}
  }`,
  })
}
