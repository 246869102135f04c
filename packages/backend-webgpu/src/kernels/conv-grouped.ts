/**
 * Grouped convolution whose groups do not come in fours of channels. src [N][H][W][Q], weights
 * [kernelHeight][kernelWidth][channels of a group][outQuads], bias [outQuads], dst [N][H'][W'][outQuads]. An invocation
 * makes one quad of one pixel; each lane reads the channel of its own group.
 */
import { type Kernel, kernel, quads, repeat, type Setting, store } from '../wgsl.ts'
import { type Convolution, leavesRow, overRows, tileOf } from './window.ts'

export function convGrouped(shape: Convolution, setting: Setting): Kernel {
  const { batch, inChannels, outChannels, groups, input, output, stride, dilation, activation } = shape
  const [height, width] = shape.kernel
  const [inQuads, outQuads] = [quads(inChannels), quads(outChannels)]
  const [depth, outGroup] = [inChannels / groups, outChannels / groups]
  const skip = leavesRow(shape, 1) ? `\n      if (ix < 0 || ix >= ${input[1]}) { continue; }` : ''
  return kernel({
    name: `conv ${height}x${width}, ${groups} groups`,
    setting,
    activation,
    bindings: [
      { name: 'src', type: 'vector', count: batch * input[0] * input[1] * inQuads },
      { name: 'weights', type: 'vector', count: height * width * depth * outQuads },
      { name: 'bias', type: 'vec4f', count: outQuads },
      { name: 'dst', type: 'vector', count: batch * output[0] * output[1] * outQuads },
    ],
    invocations: batch * output[0] * output[1] * outQuads,
    body: `${tileOf(shape, 1, outQuads)}
  var s = bias[column];
  let first = min(column * 4u + vec4u(0, 1, 2, 3), vec4u(${outChannels - 1})) / ${outGroup}u * ${depth}u;
${overRows(
  shape,
  `    for (var kx = 0; kx < ${width}; kx++) {
      let ix = i32(ox) * ${stride[1]} - ${shape.padding[1]} + kx * ${dilation[1]};${skip}
      let pixel = ((n * ${input[0]}u + u32(iy)) * ${input[1]}u + u32(ix)) * ${inQuads}u;
      let tap = u32(ky * ${width} + kx) * ${depth * outQuads}u + column;
      for (var k = 0u; k < ${depth}u; k++) {
        let c = first + k;
        let at = pixel + c / 4u;
        let x = vec4f(
${repeat(4, (i) => `          f32(src[at.${'xyzw'[i]}][c.${'xyzw'[i]} % 4u]),`)}
        );
        s += x * vec4f(weights[tap + k * ${outQuads}u]);
      }
    }`,
)}
  ${store('dst', `(row * ${output[1]}u + ox) * ${outQuads}u + column`, 's', 'column', outChannels, activation)}`,
  })
}
