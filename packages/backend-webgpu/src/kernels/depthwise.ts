/**
 * Depthwise convolution, one filter a channel. src [N][H][W][Q], weights [kernelHeight][kernelWidth][Q], bias [Q],
 * dst [N][H'][W'][Q]. An invocation makes `pixels` neighbours of a row of one quad; each column is loaded once a row.
 */
import { type Kernel, kernel, quads, repeat, type Setting, store } from '../wgsl.ts'
import { type Convolution, columnsRead, leavesRow, overRows, tileOf } from './window.ts'

export function depthwise(shape: Convolution, pixels: number, setting: Setting): Kernel {
  const { batch, outChannels, input, output, stride, dilation, activation } = shape
  const Q = quads(outChannels)
  const [height, width] = shape.kernel
  const columns = columnsRead(shape, pixels)
  const checked = leavesRow(shape, pixels)
  const across = Math.ceil(output[1] / pixels)
  const load = (column: number): string => {
    if (!checked) return `    let c${column} = vec4f(src[line + (left + ${column}u) * ${Q}u]);`
    return (
      `    let i${column} = left + ${column};\n` +
      `    let c${column} = select(vec4f(), vec4f(src[line + u32(clamp(i${column}, 0, ${input[1] - 1})) * ${Q}u]), i${column} >= 0 && i${column} < ${input[1]});`
    )
  }
  return kernel({
    name: `depthwise ${height}x${width}, ${pixels} pixels`,
    setting,
    activation,
    bindings: [
      { name: 'src', type: 'vector', count: batch * input[0] * input[1] * Q },
      { name: 'weights', type: 'vector', count: height * width * Q },
      { name: 'bias', type: 'vec4f', count: Q },
      { name: 'dst', type: 'vector', count: batch * output[0] * output[1] * Q },
    ],
    invocations: batch * output[0] * across * Q,
    body: `${tileOf(shape, pixels, Q)}
  let left = ${checked ? `i32(ox) * ${stride[1]} - ${shape.padding[1]}` : `ox * ${stride[1]}u`};
${repeat(pixels, (p) => `  var s${p} = bias[column];`)}
${overRows(
  shape,
  `    let line = (n * ${input[0]}u + u32(iy)) * ${input[1] * Q}u + column;
${columns.map(load).join('\n')}
${repeat(
  width,
  (kx) => `    let w${kx} = vec4f(weights[u32(ky) * ${width * Q}u + ${kx * Q}u + column]);
${repeat(pixels, (p) => `    s${p} += c${p * stride[1] + kx * dilation[1]} * w${kx};`)}`,
)}`,
)}
  let to = (row * ${output[1]}u + ox) * ${Q}u + column;
${repeat(pixels, (p) => {
  const text = store('dst', `to + ${p * Q}u`, `s${p}`, 'column', outChannels, activation)
  return output[1] % pixels !== 0 && p > 0 ? `  if (ox + ${p}u < ${output[1]}u) {\n${text}\n  }` : `  ${text}`
})}`,
  })
}
