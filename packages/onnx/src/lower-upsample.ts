import { interpolation, type Shapes, type Taps, type Upsample } from '@mobileone/core'
import type { GraphBuilder } from './graph-builder.ts'
import type { OnnxAttribute } from './proto.ts'

/**
 * Add a Resize, or, where its float32 coordinates would pick other pixels than `node` does, a Gather for each axis.
 * @param isOpen The batch size is known only when the file runs.
 */
export function lowerUpsample(builder: GraphBuilder, node: Upsample, shapes: Shapes, isOpen: boolean): void {
  const x = builder.value(node.inputs[0])
  const output = builder.value(node.name)
  const { alignCorners, mode, name, scale } = node
  const from = shapes[node.inputs[0]] as readonly number[]
  const to = shapes[name] as readonly number[]
  const pixels = [2, 3].map((axis) => interpolation(node, from[axis] as number, to[axis] as number))

  if (mode === 'nearest' && ![2, 3].every((axis, at) => picksSame(pixels[at] ?? [], from[axis] as number))) {
    const indices = pixels.map((taps, at) =>
      builder.integers(
        `${name}/${['rows', 'columns'][at]}`,
        taps.map(([tap]) => tap?.[0] ?? 0),
      ),
    )
    const rows = builder.fresh(`${name}/Gather`)
    const along = (axis: number): ReadonlyMap<string, OnnxAttribute> =>
      new Map([['axis', { type: 'int', value: axis }]])
    builder.emit('Gather', rows, [x, indices[0] as string], rows, along(2))
    builder.emit('Gather', name, [rows, indices[1] as string], output, along(3))
    return
  }

  const text = (value: string): OnnxAttribute => ({ type: 'string', value })
  const transformation = alignCorners ? 'align_corners' : mode === 'nearest' ? 'asymmetric' : 'half_pixel'
  const attributes = new Map([
    ['coordinate_transformation_mode', text(transformation)],
    ['mode', text(mode === 'nearest' ? 'nearest' : 'linear')],
    ['nearest_mode', text('floor')],
  ])
  builder.emit('Resize', name, [x, '', ...resizedTo()], output, attributes)

  /** The inputs `scales` and `sizes`. */
  function resizedTo(): readonly string[] {
    if (scale) return [builder.constant(`scales/${scale.join('x')}`, [4], [1, 1, ...scale])]
    if (!isOpen) return ['', builder.integers(`${name}/sizes`, to)]
    const batchAndChannels = builder.fresh(`${name}/Shape`)
    builder.emit(
      'Shape',
      batchAndChannels,
      [x],
      batchAndChannels,
      new Map([['end', { type: 'int', value: 2 }]]),
    )
    const sizes = builder.fresh(`${name}/Concat`)
    const axis = new Map([['axis', { type: 'int', value: 0 } as const]])
    builder.emit(
      'Concat',
      sizes,
      [batchAndChannels, builder.integers(`${name}/size`, to.slice(2))],
      sizes,
      axis,
    )
    return ['', sizes]
  }
}

/** Whether Resize in float32, as ONNX Runtime computes it, finds the pixels of `wanted` among `from`. */
function picksSame(wanted: readonly Taps[], from: number): boolean {
  const scale = Math.fround(Math.fround(wanted.length) / Math.fround(from))
  return wanted.every(
    ([tap], index) => Math.min(Math.floor(Math.fround(index / scale)), from - 1) === tap?.[0],
  )
}
