/**
 * Dense convolution, and grouped where the channels of a group come in fours. src [N][H][W][Q], weights
 * [kernelHeight][kernelWidth][4 inQuads of a group][outQuads], bias [outQuads], dst [N][H'][W'][outQuads]. An invocation
 * makes `pixels` neighbours of a row of one quad.
 */
import { type Kernel, kernel, quads, repeat, type Setting, store } from '../wgsl.ts'
import { type Convolution, leavesRow, overRows, tileOf } from './window.ts'

export function conv(shape: Convolution, pixels: number, setting: Setting): Kernel {
  const { batch, inChannels, outChannels, groups, input, output, stride, dilation, activation } = shape
  const [height, width] = shape.kernel
  const [inQuads, outQuads] = [quads(inChannels), quads(outChannels)]
  const depth = inQuads / groups
  const checked = leavesRow(shape, pixels)
  const across = Math.ceil(output[1] / pixels)
  const source = (p: number): string => {
    const x = `left + ${p * stride[1]} + kx * ${dilation[1]}`
    if (!checked) return `      let a${p} = (line + u32(${x})) * ${inQuads}u + start;`
    return (
      `      let i${p} = ${x};\n      let o${p} = i${p} >= 0 && i${p} < ${input[1]};\n` +
      `      let a${p} = (line + u32(clamp(i${p}, 0, ${input[1] - 1}))) * ${inQuads}u + start;`
    )
  }
  const value = (p: number): string =>
    checked ? `select(vec4f(), vec4f(src[a${p} + k]), o${p})` : `vec4f(src[a${p} + k])`
  return kernel({
    name: `conv ${height}x${width}, ${pixels} pixels`,
    setting,
    activation,
    bindings: [
      { name: 'src', type: 'vector', count: batch * input[0] * input[1] * inQuads },
      { name: 'weights', type: 'vector', count: height * width * depth * 4 * outQuads },
      { name: 'bias', type: 'vec4f', count: outQuads },
      { name: 'dst', type: 'vector', count: batch * output[0] * output[1] * outQuads },
    ],
    invocations: batch * output[0] * across * outQuads,
    body: `${tileOf(shape, pixels, outQuads)}
  let left = i32(ox) * ${stride[1]} - ${shape.padding[1]};
  let start = ${groups === 1 ? '0u' : `column / ${outQuads / groups}u * ${depth}u`};
${repeat(pixels, (p) => `  var s${p} = bias[column];`)}
${overRows(
  shape,
  `    let line = (n * ${input[0]}u + u32(iy)) * ${input[1]}u;
    for (var kx = 0; kx < ${width}; kx++) {
${repeat(pixels, source)}
      let tap = u32(ky * ${width} + kx) * ${depth * 4 * outQuads}u + column;
      for (var k = 0u; k < ${depth}u; k++) {
${repeat(4, (i) => `        let w${i} = vec4f(weights[tap + (k * 4u + ${i}u) * ${outQuads}u]);`)}
${repeat(
  pixels,
  (p) => `        let x${p} = ${value(p)};
        s${p} += x${p}.x * w0 + x${p}.y * w1 + x${p}.z * w2 + x${p}.w * w3;`,
)}
      }
    }`,
)}
  let to = (row * ${output[1]}u + ox) * ${outQuads}u + column;
${repeat(pixels, (p) => {
  const text = store('dst', `to + ${p * outQuads}u`, `s${p}`, 'column', outChannels, activation)
  return output[1] % pixels !== 0 && p > 0 ? `  if (ox + ${p}u < ${output[1]}u) {\n${text}\n  }` : `  ${text}`
})}`,
  })
}
