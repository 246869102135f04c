import { interpolation, type Taps, type Upsample } from '@mobileone/core'
import { bool, int32 } from './flatbuffer.ts'
import { channelsLast, declareValue, type Lowering } from './lowering.ts'

/** The options `half_pixel_centers` and `align_corners` are read since this version. */
const centredVersion = 3

/** Add a resize into `node`, or, where its float32 coordinates would pick other pixels, a GATHER for each axis. */
export function lowerUpsample(lowering: Lowering, node: Upsample, input: number): void {
  const { file, shapes } = lowering
  const from = shapes[node.inputs[0]] as readonly number[]
  const to = shapes[node.name] as readonly number[]
  const [, , height = 1, width = 1] = to
  const size = (): number => file.constant(`${node.name}.size`, [2], Int32Array.of(height, width))
  const alignsCorners = bool(node.alignCorners === true)
  switch (node.mode) {
    case 'bilinear': {
      const isCentred = bool(!node.alignCorners)
      const fields = [undefined, undefined, alignsCorners, isCentred]
      file.operator('resizeBilinear', [input, size()], declareValue(lowering, node.name), {
        fields,
        version: centredVersion,
      })
      break
    }
    case 'nearest': {
      const pixels = [2, 3].map((axis) => interpolation(node, from[axis] as number, to[axis] as number))
      if ([2, 3].every((axis, at) => picksSame(pixels[at] ?? [], from[axis] as number))) {
        const fields = [alignsCorners, bool(false)]
        file.operator('resizeNearestNeighbor', [input, size()], declareValue(lowering, node.name), { fields })
        break
      }
      const [rows, columns] = pixels.map((taps, at) => {
        const indices = Int32Array.from(taps, ([tap]) => tap?.[0] ?? 0)
        return file.constant(`${node.name}.${at === 0 ? 'rows' : 'columns'}`, [indices.length], indices)
      }) as [number, number]
      const between = file.value(
        `${node.name}.gathered`,
        channelsLast([...from.slice(0, 2), height, from[3] as number]),
      )
      file.operator('gather', [input, rows], between, { fields: [int32(1)] })
      file.operator('gather', [between, columns], declareValue(lowering, node.name), { fields: [int32(2)] })
      break
    }
    default:
      node.mode satisfies never
  }
}

/** Whether RESIZE_NEAREST_NEIGHBOR in float32 finds the pixels of `wanted` among `from`. */
function picksSame(wanted: readonly Taps[], from: number): boolean {
  const scale = Math.fround(from / wanted.length)
  return wanted.every(
    ([tap], index) => Math.min(Math.floor(Math.fround(index * scale)), from - 1) === tap?.[0],
  )
}
