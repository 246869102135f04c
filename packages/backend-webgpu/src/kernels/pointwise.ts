/**
 * 1x1 convolution, stride 1, without barriers. src [pixels][inQuads], weights [4 inQuads][outQuads], bias [outQuads],
 * dst [pixels][outQuads]. An invocation makes `tile` pixels of one quad; neighbours take neighbouring quads, so that they
 * read one pixel together and adjacent weights.
 */
import { type Activation, type Kernel, kernel, quads, repeat, type Setting, store } from '../wgsl.ts'

export interface Pointwise {
  readonly pixels: number
  readonly inChannels: number
  readonly outChannels: number
  readonly tile: number
  readonly activation: Activation
}

export function pointwise(shape: Pointwise, setting: Setting): Kernel {
  const { pixels, outChannels, tile, activation } = shape
  const [inQuads, outQuads] = [quads(shape.inChannels), quads(outChannels)]
  const ragged = pixels % tile !== 0
  return kernel({
    name: `pointwise ${tile}x4`,
    setting,
    activation,
    bindings: [
      { name: 'src', type: 'vector', count: pixels * inQuads },
      { name: 'weights', type: 'vector', count: inQuads * 4 * outQuads },
      { name: 'bias', type: 'vec4f', count: outQuads },
      { name: 'dst', type: 'vector', count: pixels * outQuads },
    ],
    invocations: outQuads * Math.ceil(pixels / tile),
    body: `
  let first = id / ${outQuads}u * ${tile}u;
  let q = id % ${outQuads}u;
${repeat(tile, (p) => `  let p${p} = ${ragged && p > 0 ? `min(first + ${p}u, ${pixels - 1}u)` : `first + ${p}u`};\n  var s${p} = bias[q];`)}
  for (var k = 0u; k < ${inQuads}u; k++) {
    let row = k * ${4 * outQuads}u + q;
${repeat(tile, (p) => `    let x${p} = vec4f(src[p${p} * ${inQuads}u + k]);`)}
${repeat(4, (i) => `    let w${i} = vec4f(weights[row + ${i * outQuads}u]);\n${repeat(tile, (p) => `    s${p} += x${p}.${'xyzw'[i]} * w${i};`)}`)}
  }
${repeat(tile, (p) => {
  const text = store('dst', `p${p} * ${outQuads}u + q`, `s${p}`, 'q', outChannels, activation)
  return ragged && p > 0 ? `  if (first + ${p}u < ${pixels}u) {\n${text}\n  }` : `  ${text}`
})}`,
  })
}
