/**
 * Sum or product of two values of one shape, a product with one factor a channel, and functions of one value.
 * a [N][pixels][Q]; b the same, or [N][Q] for `gate`; dst [N][pixels][Q]. An invocation makes one quad of one pixel.
 */
import { type Activation, type Kernel, kernel, quads, type Setting, store } from '../wgsl.ts'

export interface Elementwise {
  readonly op: 'unary' | 'add' | 'mul' | 'gate'
  readonly batch: number
  readonly pixels: number
  readonly channels: number
  readonly activation: Activation
}

export function elementwise(shape: Elementwise, setting: Setting): Kernel {
  const { op, batch, pixels, channels, activation } = shape
  const Q = quads(channels)
  const count = batch * pixels * Q
  const second = { gate: `id / ${pixels * Q}u * ${Q}u + id % ${Q}u`, add: 'id', mul: 'id', unary: '' }[op]
  const operator = op === 'add' ? '+' : '*'
  return kernel({
    name: op === 'unary' ? activation : op,
    setting,
    activation,
    bindings: [
      { name: 'a', type: 'vector', count },
      ...(op === 'unary'
        ? []
        : [{ name: 'b', type: 'vector' as const, count: op === 'gate' ? batch * Q : count }]),
      { name: 'dst', type: 'vector', count },
    ],
    invocations: count,
    body: `
  let x = vec4f(a[id])${op === 'unary' ? '' : ` ${operator} vec4f(b[${second}])`};
  ${store('dst', 'id', 'x', `id % ${Q}u`, channels, activation)}`,
  })
}
