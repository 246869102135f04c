/**
 * Dense convolution that reads a model input as it was given: src NCHW float32, weights
 * [C][kernelHeight][kernelWidth][outQuads], bias [outQuads], dst [N][H'][W'][outQuads]. The stem. An invocation makes
 * `tile.pixels` neighbours of a row x `tile.quads` quads, which lie `columns` apart; each input element is loaded once a row.
 */
import type { Tile } from '../choose.ts'
import { type Kernel, kernel, quads, repeat, type Setting, store } from '../wgsl.ts'
import { type Convolution, columnsRead, leavesRow, overRows, tileOf } from './window.ts'

export function convPlanar(shape: Convolution, tile: Tile, setting: Setting): Kernel {
  const { batch, inChannels, outChannels, input, output, stride, dilation, activation } = shape
  const [height, width] = shape.kernel
  const outQuads = quads(outChannels)
  const { pixels } = tile
  const columns = Math.ceil(outQuads / tile.quads)
  const uneven = outQuads % tile.quads !== 0
  const checked = leavesRow(shape, pixels)
  const across = Math.ceil(output[1] / pixels)
  const load = (column: number): string => {
    if (!checked) return `      let c${column} = src[line + u32(left + ${column})];`
    return (
      `      let i${column} = left + ${column};\n` +
      `      let c${column} = select(0, src[line + u32(clamp(i${column}, 0, ${input[1] - 1}))], i${column} >= 0 && i${column} < ${input[1]});`
    )
  }
  return kernel({
    name: `conv ${height}x${width} from NCHW, ${pixels}x${tile.quads * 4}`,
    setting,
    activation,
    bindings: [
      { name: 'src', type: 'f32', count: batch * inChannels * input[0] * input[1] },
      { name: 'weights', type: 'vector', count: inChannels * height * width * outQuads },
      { name: 'bias', type: 'vec4f', count: outQuads },
      { name: 'dst', type: 'vector', count: batch * output[0] * output[1] * outQuads },
    ],
    invocations: batch * output[0] * across * columns,
    body: `${tileOf(shape, pixels, columns)}
  let left = i32(ox) * ${stride[1]} - ${shape.padding[1]};
${repeat(tile.quads, (q) => `  let q${q} = ${uneven && q > 0 ? `min(column + ${columns * q}u, ${outQuads - 1}u)` : `column + ${columns * q}u`};`)}
${repeat(pixels, (p) => repeat(tile.quads, (q) => `  var s${p}_${q} = bias[q${q}];`))}
${overRows(
  shape,
  `    for (var c = 0u; c < ${inChannels}u; c++) {
      let line = ((n * ${inChannels}u + c) * ${input[0]}u + u32(iy)) * ${input[1]}u;
      let tap = (c * ${height}u + u32(ky)) * ${width * outQuads}u;
${columnsRead(shape, pixels).map(load).join('\n')}
${repeat(width, (kx) =>
  repeat(
    tile.quads,
    (q) => `      let w${kx}_${q} = vec4f(weights[tap + ${kx * outQuads}u + q${q}]);
${repeat(pixels, (p) => `      s${p}_${q} += c${p * stride[1] + kx * dilation[1]} * w${kx}_${q};`)}`,
  ),
)}
    }`,
)}
  let to = (row * ${output[1]}u + ox) * ${outQuads}u;
${repeat(pixels, (p) =>
  repeat(tile.quads, (q) => {
    const text = store('dst', `to + ${p * outQuads}u + q${q}`, `s${p}_${q}`, `q${q}`, outChannels, activation)
    const guards = [
      ...(output[1] % pixels !== 0 && p > 0 ? [`ox + ${p}u < ${output[1]}u`] : []),
      ...(uneven && q > 0 ? [`column + ${columns * q}u < ${outQuads}u`] : []),
    ]
    return guards.length > 0 ? `  if (${guards.join(' && ')}) {\n${text}\n  }` : `  ${text}`
  }),
)}`,
  })
}
