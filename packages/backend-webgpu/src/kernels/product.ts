/**
 * Matrix product whose sums are split: linear layers and 1x1 convolutions of stride 1. src [rows][inQuads], weights
 * [4 inQuads][outQuads], bias [outQuads], dst [rows][outQuads]. A workgroup makes `tile.rows` rows x `tile.columns` quads; its
 * invocations split the inputs into `tile.slices`, and the partial sums are added up in workgroup memory.
 */
import type { ProductTile } from '../choose.ts'
import { type Activation, type Kernel, kernel, quads, repeat, type Setting, store } from '../wgsl.ts'

export interface Product {
  readonly rows: number
  readonly inChannels: number
  readonly outChannels: number
  readonly tile: ProductTile
  readonly activation: Activation
}

export function product(shape: Product, setting: Setting): Kernel {
  const { rows, outChannels, tile, activation } = shape
  const [inQuads, outQuads] = [quads(shape.inChannels), quads(outChannels)]
  const { columns, slices } = tile
  const R = tile.rows
  const workgroup = columns * slices
  const across = Math.ceil(outQuads / columns)
  const ragged = rows % R !== 0
  const sums = R * columns
  return kernel({
    name: `product ${R}x${columns * 4}, ${slices} slices`,
    setting: { ...setting, workgroup },
    activation,
    bindings: [
      { name: 'src', type: 'vector', count: rows * inQuads },
      { name: 'weights', type: 'vector', count: inQuads * 4 * outQuads },
      { name: 'bias', type: 'vec4f', count: outQuads },
      { name: 'dst', type: 'vector', count: rows * outQuads },
    ],
    groups: Math.ceil(rows / R) * across,
    declarations: `var<workgroup> partial: array<vec4f, ${R * workgroup}>;`,
    body: `
  let first = group / ${across}u * ${R}u;
  let left = group % ${across}u * ${columns}u;
  let q = min(left + lane % ${columns}u, ${outQuads - 1}u);
${repeat(R, (r) => `  let a${r} = ${ragged && r > 0 ? `min(first + ${r}u, ${rows - 1}u)` : `(first + ${r}u)`} * ${inQuads}u;\n  var s${r} = vec4f();`)}
  for (var k = lane / ${columns}u; k < ${inQuads}u; k += ${slices}u) {
    let row = k * ${4 * outQuads}u + q;
${repeat(R, (r) => `    let x${r} = vec4f(src[a${r} + k]);`)}
${repeat(4, (i) => `    let w${i} = vec4f(weights[row + ${i * outQuads}u]);\n${repeat(R, (r) => `    s${r} += x${r}.${'xyzw'[i]} * w${i};`)}`)}
  }
${repeat(R, (r) => `  partial[lane * ${R}u + ${r}u] = s${r};`)}
  workgroupBarrier();
  for (var own = lane; own < ${sums}u; own += ${workgroup}u) {
    let column = left + own / ${R}u;
    let n = first + own % ${R}u;
    if (column < ${outQuads}u && n < ${rows}u) {
      var total = bias[column];
      for (var i = own; i < ${R * workgroup}u; i += ${sums}u) { total += partial[i]; }
      ${store('dst', `n * ${outQuads}u + column`, 'total', 'column', outChannels, activation)}
    }
  }`,
  })
}
