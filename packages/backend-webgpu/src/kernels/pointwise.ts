/**
 * 1x1 convolution, stride 1. src [pixels][inQuads], weights [4 inQuads][outQuads], bias [outQuads], dst [pixels][outQuads].
 * An invocation makes a tile of `tile.pixels` pixels x `tile.quads` quads; neighbours take neighbouring quads, so that they
 * read one pixel together and adjacent weights. The quads of a tile lie `columns` apart.
 */
import type { Tile } from '../choose.ts'
import { type Activation, type Kernel, kernel, quads, repeat, type Setting, store } from '../wgsl.ts'

export interface Pointwise {
  readonly pixels: number
  readonly inChannels: number
  readonly outChannels: number
  readonly tile: Tile
  readonly activation: Activation
}

export function pointwise(shape: Pointwise, setting: Setting): Kernel {
  const { pixels, outChannels, tile, activation } = shape
  const [inQuads, outQuads] = [quads(shape.inChannels), quads(outChannels)]
  const columns = Math.ceil(outQuads / tile.quads)
  const rows = Math.ceil(pixels / tile.pixels)
  const ragged = pixels % tile.pixels !== 0
  const uneven = outQuads % tile.quads !== 0
  const Q = tile.quads
  const P = tile.pixels
  return kernel({
    name: `pointwise ${P}x${Q * 4}`,
    setting,
    activation,
    bindings: [
      { name: 'src', type: 'vector', count: pixels * inQuads },
      { name: 'weights', type: 'vector', count: inQuads * 4 * outQuads },
      { name: 'bias', type: 'vec4f', count: outQuads },
      { name: 'dst', type: 'vector', count: pixels * outQuads },
    ],
    invocations: columns * rows,
    body: `
  let first = id / ${columns}u * ${P}u;
  let q0 = id % ${columns}u;
${repeat(Q - 1, (q) => `  let q${q + 1} = ${uneven ? `min(q0 + ${columns * (q + 1)}u, ${outQuads - 1}u)` : `q0 + ${columns * (q + 1)}u`};`)}
${repeat(P, (p) => `  let p${p} = ${ragged && p > 0 ? `min(first + ${p}u, ${pixels - 1}u)` : `first + ${p}u`};`)}
${repeat(P, (p) => repeat(Q, (q) => `  var s${p}_${q} = bias[q${q}];`))}
  for (var k = 0u; k < ${inQuads}u; k++) {
    let row = k * ${4 * outQuads}u;
${repeat(P, (p) => `    let x${p} = vec4f(src[p${p} * ${inQuads}u + k]);`)}
${repeat(Q, (q) =>
  repeat(
    4,
    (i) =>
      `    let w${q}_${i} = vec4f(weights[row + ${i * outQuads}u + q${q}]);\n${repeat(P, (p) => `    s${p}_${q} += x${p}.${'xyzw'[i]} * w${q}_${i};`)}`,
  ),
)}
  }
${repeat(P, (p) =>
  repeat(Q, (q) => {
    const text = store('dst', `p${p} * ${outQuads}u + q${q}`, `s${p}_${q}`, `q${q}`, outChannels, activation)
    const guards = [
      ...(ragged && p > 0 ? [`first + ${p}u < ${pixels}u`] : []),
      ...(uneven && q > 0 ? [`q0 + ${columns * q}u < ${outQuads}u`] : []),
    ]
    return guards.length > 0 ? `  if (${guards.join(' && ')}) {\n${text}\n  }` : `  ${text}`
  }),
)}`,
  })
}
