import type { Upsample } from '@mobileone/core'
import { limits } from '../limits.ts'
import type { OnnxNode } from '../proto.ts'
import { attribute } from './attributes.ts'
import type { ImportGraph, Made, Value } from './import-graph.ts'

/** Upsample, and Resize before opset 11, take the pixel or the straight line from the upper left. */
export function resize(graph: ImportGraph, node: OnnxNode): Value {
  const x = graph.made(node, 0)
  if (x.shape.length !== 4) {
    graph.unsupported(node, `resizes [${x.shape.join(', ')}]; only maps [N, C, H, W] are supported`)
  }
  const isOld = node.op === 'Upsample' || graph.opset < 11
  const mode = attribute(node, 'mode', 'string') ?? 'nearest'
  const transformation = isOld
    ? 'asymmetric'
    : (attribute(node, 'coordinate_transformation_mode', 'string') ?? 'half_pixel')
  if (attribute(node, 'antialias', 'int')) graph.unsupported(node, 'a resize with antialias')
  const target = targetOf(graph, node, x, isOld)
  const emit = (how: Pick<Upsample, 'mode' | 'alignCorners'>): Value =>
    graph.emit(node, (name) => ({ op: 'upsample', name, inputs: [x.name], ...how, ...target.given }))

  const [, , height, width] = x.shape as [number, number, number, number]
  const axes = [
    [height, target.size[0]],
    [width, target.size[1]],
  ] as const
  if (mode === 'nearest') {
    const rounding = isOld ? 'floor' : (attribute(node, 'nearest_mode', 'string') ?? 'round_prefer_floor')
    if (axes.every(([from, to]) => picksAsNearest(transformation, rounding, from, to))) {
      return emit({ mode: 'nearest' })
    }
    return graph.unsupported(
      node,
      `nearest pixels by ${transformation} and ${rounding} from ${height} x ${width} to ${target.size.join(' x ')}; ` +
        'those of asymmetric and floor, as PyTorch takes them, are supported',
    )
  }
  if (mode === 'linear' && transformation === 'align_corners') {
    return emit({ mode: 'bilinear', alignCorners: true })
  }
  if (mode === 'linear' && axes.every(([from, to]) => isCentred(transformation, from, to))) {
    return emit({ mode: 'bilinear' })
  }
  return graph.unsupported(
    node,
    `a resize by ${mode} and ${transformation} from ${height} x ${width} to ${target.size.join(' x ')}; nearest, and linear ` +
      'with half_pixel or align_corners, are supported',
  )
}

/** Whether every pixel of the result is the one at floor(i from / to); centres round to it where the factor is whole. */
function picksAsNearest(transformation: string, rounding: string, from: number, to: number): boolean {
  if (from === to || from === 1) return true
  if (transformation === 'asymmetric') return rounding === 'floor'
  return isCentred(transformation, from, to) && rounding.startsWith('round_prefer') && to % from === 0
}

/** Whether the edges of the map stay in place, so that pixel i comes from (i + 1/2) from / to - 1/2. */
function isCentred(transformation: string, from: number, to: number): boolean {
  if (from === to || from === 1) return true
  if (transformation === 'pytorch_half_pixel') return to > 1
  return transformation === 'half_pixel' || transformation === 'half_pixel_symmetric'
}

/** Height and width of the result, and how the model says them: whole factors stay factors. */
function targetOf(
  graph: ImportGraph,
  node: OnnxNode,
  x: Made,
  isOld: boolean,
): { readonly size: readonly [number, number]; readonly given: Pick<Upsample, 'scale' | 'size'> } {
  const axes = (attribute(node, 'axes', 'ints') ?? [0, 1, 2, 3]).map((axis) => (axis < 0 ? axis + 4 : axis))
  const sizes = node.inputs[3] ? graph.integers(node, 3) : undefined
  const scales = sizes ? undefined : scalesOf(graph, node, isOld)
  if ((attribute(node, 'keep_aspect_ratio_policy', 'string') ?? 'stretch') !== 'stretch' && sizes) {
    graph.unsupported(node, 'a size of which the aspect ratio is kept')
  }
  const given = sizes ?? scales ?? []
  if (given.length !== axes.length) {
    graph.invalid(node, `${given.length} sizes or scales for ${axes.length} axes`)
  }
  const along = (axis: number, otherwise: number): number => given[axes.indexOf(axis)] ?? otherwise
  const sizeOf = (axis: number): number => {
    const from = x.shape[axis] as number
    if (sizes) return along(axis, from)
    const factor = along(axis, 1)
    const to = Math.floor(Math.fround(from * factor))
    if (!(Math.abs(to - from * factor) <= 1e-5 * to)) {
      graph.unsupported(node, `a scale of ${factor} for ${from} pixels, which gives no whole number of them`)
    }
    return to
  }
  const [n, c, height, width] = [0, 1, 2, 3].map(sizeOf) as [number, number, number, number]
  if (n !== x.shape[0] || c !== x.shape[1]) graph.unsupported(node, 'a resize of the batch or the channels')
  for (const size of [height, width]) {
    if (Number.isInteger(size) && size >= 1 && size <= limits.pixels) continue
    graph.unsupported(node, `a resize to ${size} pixels along an axis; 1 to ${limits.pixels} are supported`)
  }
  const scale = [along(2, 1), along(3, 1)] as const
  const isWhole = scales?.every((factor) => Number.isInteger(factor))
  return { size: [height, width], given: isWhole ? { scale } : { size: [height, width] } }
}

function scalesOf(graph: ImportGraph, node: OnnxNode, isOld: boolean): readonly number[] {
  const index = isOld ? 1 : 2
  const listed = attribute(node, 'scales', 'floats')
  if (listed && !node.inputs[index]) return listed
  const { data } = graph.floats(node, index)
  if (data.length > 4) graph.invalid(node, `${data.length} scales`)
  return Array.from(data)
}
