import type { TensorSpec } from '@mobileone/core'
import type { Feature } from '../mil/program.ts'

/** How a description names an input: an image of its size and colours, or an array. */
export function inputFeature(name: string, { shape }: TensorSpec, image: boolean): Feature {
  if (!image) return { name, description: '', type: { kind: 'multiArray', dtype: 'fp32', shape } }
  const [, channels = 0, height = 0, width = 0] = shape
  const colorSpace = channels === 1 ? 'grayscale' : 'rgb'
  return {
    name,
    description: `An image of ${width} x ${height} pixels`,
    type: { kind: 'image', width, height, colorSpace },
  }
}
