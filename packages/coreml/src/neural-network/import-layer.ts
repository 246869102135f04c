import { elementCount, sameShape } from '@mobileone/core'
import type { WireReader } from '@mobileone/core/protobuf-wire'
import { limits } from '../read/limits.ts'
import type { StoredLayer } from './decode-network.ts'
import { importClip, importConcat, importSlice, importUpsample } from './decoder-layers.ts'
import type { Constant, NetworkImporter, Value } from './importer.ts'
import { LayerReader } from './layer-reader.ts'
import {
  importExpandDims,
  importFlatten,
  importFlattenTo2D,
  importPadding,
  importPooling,
  importReduce,
  importReduceMean,
  importReshape,
  importReshapeStatic,
  importSoftmax,
  importSqueeze,
} from './shape-layers.ts'
import { importBatchnorm, importConvolution, importInnerProduct } from './weighted-layers.ts'

const importers: ReadonlyMap<string, (layer: LayerReader) => void> = new Map(
  Object.entries({
    convolution: importConvolution,
    innerProduct: importInnerProduct,
    batchnorm: importBatchnorm,
    activation: importActivation,
    gelu: importGelu,
    scale: importScale,
    bias: importBias,
    add: (r) => importJoin(r, 'add'),
    multiply: (r) => importJoin(r, 'mul'),
    max: (r) => combine(r, 'maximum'),
    addBroadcastable: (r) => combine(r, 'add'),
    multiplyBroadcastable: (r) => combine(r, 'mul'),
    loadConstant: importConstant,
    loadConstantND: importConstant,
    clip: importClip,
    concatND: importConcat,
    sliceStatic: importSlice,
    upsample: importUpsample,
    padding: importPadding,
    pooling: importPooling,
    reduce: importReduce,
    reduceMean: importReduceMean,
    flatten: importFlatten,
    flattenTo2D: importFlattenTo2D,
    reshape: importReshape,
    reshapeStatic: importReshapeStatic,
    squeeze: importSqueeze,
    expandDims: importExpandDims,
    softmax: (r) => importSoftmax(r, -3),
    softmaxND: (r) => importSoftmax(r, r.fields({ int: [1] }).number(1)),
  } satisfies Record<string, (layer: LayerReader) => void>),
)

/** Add what a layer does to the model that is being read. */
export function importLayer(importer: NetworkImporter, layer: StoredLayer): void {
  const reader = new LayerReader(importer, layer)
  const read = importers.get(layer.kind) ?? reader.unsupported('is a kind of layer that models do not have')
  read(reader)
}

function importActivation(r: LayerReader): void {
  const { params } = r.layer
  let found = 0
  let linear: WireReader | undefined
  while (params.next()) {
    found = params.field
    if (found === 5 || found === 41) linear = params.message(r.here)
    else params.skip()
  }
  if (found === 10) r.elementwise('relu')
  else if (found === 40) r.elementwise('sigmoid')
  else if (found === 41) {
    const p = r.inner(linear, { float: [1, 2] })
    const isNear = (given: number, wanted: number): boolean => Math.abs(given - wanted) < 1e-4
    if (!isNear(p.number(1), 1 / 6) || !isNear(p.number(2), 0.5))
      r.unsupported(`clips ${p.number(1)} x + ${p.number(2)} to 0..1; x / 6 + 1/2 is supported`)
    r.elementwise('hardSigmoid')
  } else if (found === 5) {
    const p = r.inner(linear, { float: [1, 2] })
    r.affine(r.only(), [p.number(1)], [p.number(2)])
  } else r.unsupported(`is a function (${nonlinearities.get(found) ?? found}) that models do not have`)
}

const nonlinearities: ReadonlyMap<number, string> = new Map([
  [15, 'leakyReLU'],
  [20, 'thresholdedReLU'],
  [25, 'PReLU'],
  [30, 'tanh'],
  [31, 'scaledTanh'],
  [50, 'ELU'],
  [60, 'softsign'],
  [70, 'softplus'],
  [71, 'parametricSoftplus'],
])

function importGelu(r: LayerReader): void {
  if (r.fields({ int: [1] }).number(1) !== 0) r.unsupported('is an approximation of gelu')
  r.elementwise('gelu')
}

function importScale(r: LayerReader): void {
  const p = r.fields({ int: [1, 3, 4], message: [2, 5] })
  const scale = channelWeights(r, p.numbers(1), p.message(2), 'scale')
  const bias = p.flag(3) ? channelWeights(r, p.numbers(4), p.message(5), 'bias') : [0]
  r.affine(r.only(), scale, bias)
}

function importBias(r: LayerReader): void {
  const p = r.fields({ int: [1], message: [2] })
  r.affine(r.only(), [1], channelWeights(r, p.numbers(1), p.message(2), 'bias'))
}

/** Weights of the shape [1], [C], [1, 1, 1] or [C, 1, 1]. */
function channelWeights(
  r: LayerReader,
  shape: readonly number[],
  reader: WireReader | undefined,
  role: string,
): Float32Array {
  if (shape.length !== 1 && shape.length !== 3) r.fail(`has a ${role} of ${shape.length} axes, not 1 or 3`)
  if (shape.slice(1).some((size) => size !== 1))
    r.unsupported(`has a ${role} that differs from pixel to pixel`)
  const [channels = 0] = shape
  r.checkSizes(channels)
  return r.elements(reader, channels, channels, `${role} of ${r.here}`)
}

function importConstant(r: LayerReader): void {
  const p = r.fields({ int: [1], message: [2] })
  r.expectInputs(0)
  const shape = p.numbers(1)
  r.checkSizes(...shape)
  if (shape.length > limits.rank) r.fail(`has ${shape.length} axes`)
  const data = r.elements(p.message(2), elementCount(shape), shape[0] ?? 1, `the data of ${r.here}`)
  r.importer.define(r.layer.output, r.here, { kind: 'constant', shape, data })
}

/** Of one value, `alpha` is added or multiplied. */
function importJoin(r: LayerReader, op: 'add' | 'mul'): void {
  if (r.layer.inputs.length !== 1) {
    combine(r, op)
    return
  }
  const alpha = r.fields({ float: [1] }).number(1)
  r.affine(r.only(), [op === 'add' ? 1 : alpha], [op === 'add' ? alpha : 0])
}

function combine(r: LayerReader, op: 'add' | 'mul' | 'maximum'): void {
  const { importer, layer } = r
  const all = layer.inputs.map((name) => importer.known(name, r.here))
  if (all.length < 2) r.fail(`reads ${all.length} values`)
  const constant = all.find((item): item is Constant => item.kind === 'constant')
  const [first, ...others] = all.filter((item): item is Value => item.kind === 'value')
  if (!first) r.unsupported('joins constants')
  if (constant) {
    const { shape, data } = constant
    if (all.length > 2) r.unsupported(`joins ${all.length} values and constants`)
    if (data.length !== 1 && !sameShape(shape.slice(-3), [data.length, 1, 1]))
      r.unsupported('joins a value with a constant that is not one number for each channel')
    if (op === 'maximum') r.unsupported('takes the larger of a value and a constant')
    if (op === 'add') r.affine(first, [1], data)
    else r.affine(first, data, [0])
    return
  }
  let joined = first
  for (const [index, other] of others.entries()) {
    const last = index === others.length - 1
    joined = join(r, op, last ? layer.output : importer.fresh(`${layer.output}.${index}`), joined, other)
  }
  r.define(joined)
}

function join(r: LayerReader, op: 'add' | 'mul' | 'maximum', name: string, a: Value, b: Value): Value {
  const [large, small] = elementCount(a.core) >= elementCount(b.core) ? [a, b] : [b, a]
  const same = sameShape(large.core, small.core) && sameShape(large.shape, small.shape)
  const [n, c] = large.shape as readonly [number, number]
  const gates =
    op !== 'maximum' &&
    large.shape.length === 4 &&
    [c, 1].some((channels) => sameShape(small.shape, [n, channels, 1, 1]))
  if (!same && !gates) r.unsupported(`joins [${a.core.join(', ')}] and [${b.core.join(', ')}]`)
  const { importer, here } = r
  importer.push({ op, name, inputs: [importer.use(large, here), importer.use(small, here)] })
  return { kind: 'value', name, shape: large.shape, core: large.core }
}
