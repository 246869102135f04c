/**
 * Batch normalisation as one factor and one term a channel. src [pixels][Q], factors [2][Q] float32 (scale, then shift),
 * dst [pixels][Q]. An invocation makes one quad of one pixel.
 */
import { type Activation, type Kernel, kernel, quads, type Setting, store } from '../wgsl.ts'

export interface ScaleShift {
  readonly pixels: number
  readonly channels: number
  readonly activation: Activation
}

export function scaleShift({ pixels, channels, activation }: ScaleShift, setting: Setting): Kernel {
  const Q = quads(channels)
  return kernel({
    name: 'scale and shift',
    setting,
    activation,
    bindings: [
      { name: 'src', type: 'vector', count: pixels * Q },
      { name: 'factors', type: 'vec4f', count: 2 * Q },
      { name: 'dst', type: 'vector', count: pixels * Q },
    ],
    invocations: pixels * Q,
    body: `
  let q = id % ${Q}u;
  let x = vec4f(src[id]) * factors[q] + factors[${Q}u + q];
  ${store('dst', 'id', 'x', 'q', channels, activation)}`,
  })
}
