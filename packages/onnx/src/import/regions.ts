import { nearestPixel } from '@mobileone/core'
import { limits } from '../limits.ts'
import type { OnnxNode } from '../proto.ts'
import { attribute } from './attributes.ts'
import type { ImportGraph, Made, Value } from './import-graph.ts'
import { stridedSlice } from './int8.ts'

/** Join feature maps. */
export function joinMaps(graph: ImportGraph, node: OnnxNode): Value {
  const values = node.inputs.map((_, index) => graph.made(node, index))
  const [first, ...others] = values.map(({ name }) => name)
  const axis = axisOf(graph, node, values[0] as Made, attribute(node, 'axis', 'int'))
  return graph.emit(node, (name) => ({ op: 'concat', name, inputs: [first as string, ...others], axis }))
}

/** Slice: bounds and axes are attributes before opset 10, inputs since. */
export function slice(graph: ImportGraph, node: OnnxNode): Value {
  const strided = stridedSlice(graph, node)
  if (strided) return strided
  const list = (index: number, name: string): readonly number[] | undefined =>
    graph.opset < 10
      ? attribute(node, name, 'ints')
      : node.inputs[index]
        ? graph.integers(node, index)
        : undefined
  const starts = list(1, 'starts') ?? []
  const ends = list(2, 'ends') ?? []
  const axes = list(3, 'axes') ?? starts.map((_, axis) => axis)
  const steps = list(4, 'steps') ?? starts.map(() => 1)
  if ([ends, axes, steps].some(({ length }) => length !== starts.length)) {
    graph.invalid(node, 'starts, ends, axes and steps of different lengths')
  }
  if (steps.some((step) => step !== 1)) {
    graph.unsupported(node, `a slice with steps [${steps.join(', ')}]; only those of 1 are supported`)
  }
  const value = graph.input(node, 0)
  if (value.kind === 'constant') {
    if (value.shape.length !== 1 || axes.length !== 1 || (axes[0] !== 0 && axes[0] !== -1)) {
      graph.unsupported(node, 'a slice of a constant of several axes')
    }
    const data = value.data.slice(starts[0], ends[0])
    return { kind: 'constant', name: node.outputs[0] as string, shape: [data.length], data }
  }
  let x = graph.made(node, 0)
  for (const [index, given] of axes.entries()) {
    const part = index === axes.length - 1 ? undefined : String(index)
    x = narrow(graph, node, x, given, starts[index] as number, ends[index] as number, part)
  }
  return x
}

/** Split: each output a slice. */
export function split(graph: ImportGraph, node: OnnxNode): Value {
  const x = graph.made(node, 0)
  const axis = axisOf(graph, node, x, attribute(node, 'axis', 'int') ?? 0)
  const size = x.shape[axis] as number
  const count = node.outputs.length
  const share = Math.ceil(size / count)
  const sizes = node.inputs[1] ? graph.integers(node, 1) : attribute(node, 'split', 'ints')
  let end = 0
  const parts = node.outputs.map((output, index) => {
    const start = end
    end = sizes ? start + (sizes[index] ?? Number.NaN) : Math.min(size, start + share)
    if (!graph.isRead(output)) return x
    const made = narrow(graph, node, x, axis, start, end, count === 1 ? undefined : String(index))
    graph.assign(output, made)
    return made
  })
  if (end !== size) {
    graph.invalid(node, `${count} parts that reach ${end}, of an axis of ${size}`)
  }
  return parts[0] as Made
}

/** The elements of a map that stand one after another, or the rows or columns of its enlargement by the nearest pixel. */
export function gatherMap(graph: ImportGraph, node: OnnxNode, x: Made): Value {
  const axis = axisOf(graph, node, x, attribute(node, 'axis', 'int') ?? 0)
  const size = x.shape[axis] as number
  const indices = graph.input(node, 1)
  if (indices.kind !== 'constant' || indices.shape.length !== 1 || indices.data.length > limits.pixels) {
    return graph.unsupported(
      node,
      `indices of a map that are not one constant list of at most ${limits.pixels}`,
    )
  }
  graph.charge(indices.data.length)
  const { data } = indices
  const count = data.length
  const picked = (at: number): number => {
    const index = data[at] as number
    return index < 0 ? index + size : index
  }
  const first = count > 0 ? picked(0) : -1
  if (first >= 0 && everyAt(count, (at) => picked(at) === first + at)) {
    return narrow(graph, node, x, axis, first, first + count)
  }
  const [, , height, width] = x.shape as [number, number, number, number]
  const isNearest =
    x.shape.length === 4 && axis >= 2 && everyAt(count, (at) => picked(at) === nearestPixel(at, size, count))
  if (!isNearest) graph.unsupported(node, 'indices that neither stand one after another nor enlarge the map')
  const target = axis === 2 ? ([count, width] as const) : ([height, count] as const)
  return graph.emit(node, (name) => ({
    op: 'upsample',
    name,
    inputs: [x.name],
    mode: 'nearest',
    size: target,
  }))
}

function everyAt(count: number, holds: (at: number) => boolean): boolean {
  for (let at = 0; at < count; at++) if (!holds(at)) return false
  return true
}

/** `x` from `start` to before `end` along an axis; negative ones count from its end, and past it means to it. */
function narrow(
  graph: ImportGraph,
  node: OnnxNode,
  x: Made,
  given: number,
  start: number,
  end: number,
  part?: string,
): Made {
  const axis = given < 0 ? given + x.shape.length : given
  const size = x.shape[axis] ?? graph.invalid(node, `axis ${given} of [${x.shape.join(', ')}]`)
  const place = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, 0), size)
  const [from, to] = [place(start), place(end)]
  if (axis === 0 && from === 0 && to === size) return x
  if (axis === 0) graph.unsupported(node, 'part of a batch; the items of a batch stay together')
  if (!(from < to)) graph.unsupported(node, `nothing of axis ${axis}: from ${start} to ${end} of ${size}`)
  return graph.emit(
    node,
    (name) => ({ op: 'slice', name, inputs: [x.name], axis, start: from, end: to }),
    part,
  )
}

function axisOf(graph: ImportGraph, node: OnnxNode, x: Made, given: number | undefined): number {
  const axis = given !== undefined && given < 0 ? given + x.shape.length : given
  if (axis === undefined || !(axis < x.shape.length) || axis < 0) {
    return graph.invalid(node, `axis ${given} of [${x.shape.join(', ')}]`)
  }
  if (axis === 0) {
    graph.unsupported(
      node,
      'works along axis 0, the batch; only axes of channels, rows and columns are supported',
    )
  }
  return axis
}
