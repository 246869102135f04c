import { elementCount } from '@mobileone/core'
import { importMaxPooling } from './decoder-layers.ts'
import type { Value } from './importer.ts'
import type { LayerReader } from './layer-reader.ts'

export function importPooling(r: LayerReader): void {
  const p = r.fields({ int: [1, 10, 20, 50, 60], message: [30, 31, 32] })
  const x = r.only()
  const [batch, channels, height, width] = r.importer.mapShape(x, r.here)
  if (p.number(1) === 0 && !p.flag(60)) {
    if (!p.message(30)) r.unsupported('pads by what it needs, which may differ from side to side')
    const [kernel, stride] = [r.pair(p.numbers(10), 3), r.pair(p.numbers(20), 1)]
    importMaxPooling(r, x, kernel, stride, r.validPadding(p.message(30)))
    return
  }
  if (p.number(1) !== 1) r.unsupported('pools otherwise than by the average or the largest')
  if (!p.flag(60)) {
    const kernel = r.pair(p.numbers(10), 3)
    const padding = r.validPadding(p.message(30))
    if (!p.message(30) || String(kernel) !== String([height, width]) || String(padding) !== '0,0')
      r.unsupported('pools less than the whole map')
  }
  r.globalAverage(x, r.mapOf(x, [batch, channels, 1, 1]))
}

export function importReduce(r: LayerReader): void {
  const p = r.fields({ int: [1, 3] })
  const x = r.only()
  const [batch, channels] = r.importer.mapShape(x, r.here)
  if (p.number(1) !== 1 || p.number(3) !== 1)
    r.unsupported('reduces otherwise than by the average over height and width')
  r.globalAverage(x, r.mapOf(x, [batch, channels, 1, 1]))
}

export function importReduceMean(r: LayerReader): void {
  const { importer, here, layer } = r
  const p = r.fields({ int: [1, 2, 3] })
  const x = r.only()
  const rank = x.core.length
  const [batch, channels] = importer.mapShape(x, here)
  const axes = p.numbers(1).map((axis) => (axis < 0 ? axis + rank : axis))
  if (p.flag(3) || String(axes.toSorted((a, b) => a - b)) !== String([rank - 2, rank - 1]))
    r.unsupported('averages over other axes than height and width')
  if (p.flag(2)) {
    r.globalAverage(x, r.mapOf(x, [batch, channels, 1, 1]))
    return
  }
  const pool = importer.fresh(`${layer.output}.pool`)
  importer.push({ op: 'globalAvgPool', name: pool, inputs: [importer.use(x, here)] })
  importer.push({ op: 'flatten', name: layer.output, inputs: [pool] })
  r.made([batch, channels], x.core.slice(0, -2))
}

/** Zeros that the next convolution adds. */
export function importPadding(r: LayerReader): void {
  const p = r.fields({ message: [1, 2, 3, 10] })
  const x = r.only()
  const constant = p.message(1)
  if (!constant || r.inner(constant, { float: [1] }).number(1) !== 0 || p.message(2) || p.message(3))
    r.unsupported('pads with something other than zeros')
  r.importer.mapShape(x, r.here)
  const [height, width] = r.borders(p.message(10))
  r.define({ ...x, padding: [height + (x.padding?.[0] ?? 0), width + (x.padding?.[1] ?? 0)] })
}

/** Modes that take channels last reorder elements, save where there is but one channel or one pixel. */
function checkOrder(r: LayerReader, x: Value, mode: number): void {
  const [, channels, height, width] = r.importer.mapShape(x, r.here)
  if (mode !== 0 && channels !== 1 && height * width !== 1)
    r.unsupported('reorders elements: its mode is CHANNEL_LAST')
}

export function importFlatten(r: LayerReader): void {
  const x = r.only()
  checkOrder(r, x, r.fields({ int: [1] }).number(1))
  r.recast(x, [...x.core.slice(0, -3), elementCount(x.core.slice(-3)), 1, 1])
}

export function importFlattenTo2D(r: LayerReader): void {
  const x = r.only()
  const given = r.fields({ int: [1] }).number(1)
  const axis = given < 0 ? given + x.core.length : given
  if (axis < 0 || axis > x.core.length) r.fail(`flattens at axis ${given} of ${x.core.length}`)
  r.recast(x, [elementCount(x.core.slice(0, axis)), elementCount(x.core.slice(axis))])
}

export function importReshape(r: LayerReader): void {
  const x = r.only()
  const p = r.fields({ int: [1, 2] })
  const target = p.numbers(1)
  if (target.length !== 3 && target.length !== 4) r.fail(`reshapes to ${target.length} axes, not 3 or 4`)
  checkOrder(r, x, p.number(2))
  const lead = target.length === 4 ? [target[0] as number, 1] : x.core.slice(0, -3)
  r.recast(x, r.resolve([...lead, ...target.slice(-3)], x))
}

export function importReshapeStatic(r: LayerReader): void {
  const x = r.only()
  r.recast(x, r.resolve(r.fields({ int: [1] }).numbers(1), x))
}

export function importSqueeze(r: LayerReader): void {
  const x = r.only()
  const p = r.fields({ int: [1, 2] })
  const axes = new Set(p.numbers(1).map((axis) => (axis < 0 ? axis + x.core.length : axis)))
  const kept = x.core.filter((size, axis) => !(p.flag(2) ? size === 1 : axes.has(axis)))
  r.recast(x, kept.length === 0 ? [1] : kept)
}

export function importExpandDims(r: LayerReader): void {
  const x = r.only()
  const given = r.fields({ int: [1] }).numbers(1)
  const rank = x.core.length + given.length
  if (rank > 8) r.fail(`makes ${rank} axes`)
  const axes = new Set(given.map((axis) => (axis < 0 ? axis + rank : axis)))
  const rest = [...x.core]
  r.recast(
    x,
    Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : (rest.shift() ?? 1))),
  )
}

/** @param axis As the layer gives it. */
export function importSoftmax(r: LayerReader, axis: number): void {
  const x = r.only()
  const rank = x.core.length
  const [rows, columns] = r.matrixOf(x)
  const channels = rank < 4 ? rank - 1 : rank - 3
  if ((axis < 0 ? axis + rank : axis) !== channels || columns !== x.core[channels])
    r.unsupported(`is a softmax over axis ${axis} of [${x.core.join(', ')}]`)
  r.importer.push({
    op: 'softmax',
    name: r.layer.output,
    inputs: [r.importer.asMatrix(x, rows, columns, r.here)],
  })
  r.made([rows, columns], x.core)
}
