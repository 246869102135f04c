/**
 * Sum, product or larger of two values, and functions of one value. a, dst [N][pixels][Q]; b of the same shape, or one number a channel,
 * [N][Q], or an item, [N][1]. An invocation makes one quad of one pixel.
 */
import { type Activation, type Kernel, kernel, larger, quads, type Setting, store } from '../wgsl.ts'

export interface Elementwise {
  readonly op: 'unary' | 'affine' | 'add' | 'mul' | 'maximum'
  /** Of two values: the numbers of the second. Default one an element. */
  readonly per?: 'channel' | 'item'
  /** `affine`: what the value is multiplied by and what is added then. */
  readonly line?: { readonly scale: number; readonly offset: number }
  readonly batch: number
  readonly pixels: number
  readonly channels: number
  readonly activation: Activation
}

export function elementwise(shape: Elementwise, setting: Setting): Kernel {
  const { op, per, line, batch, pixels, channels, activation } = shape
  const Q = quads(channels)
  const count = batch * pixels * Q
  const isPair = op !== 'unary' && op !== 'affine'
  const [first, { size, second }] = [
    'vec4f(a[id])',
    {
      element: { size: count, second: 'vec4f(b[id])' },
      channel: { size: batch * Q, second: `vec4f(b[id / ${pixels * Q}u * ${Q}u + id % ${Q}u])` },
      item: { size: batch, second: `vec4f(vec4f(b[id / ${pixels * Q}u]).x)` },
    }[per ?? 'element'],
  ]
  const value = {
    unary: first,
    affine: `fma(${first}, vec4f(${Math.fround(line?.scale ?? 1)}), vec4f(${Math.fround(line?.offset ?? 0)}))`,
    add: `${first} + ${second}`,
    mul: `${first} * ${second}`,
    maximum: `larger(${first}, ${second})`,
  }[op]
  return kernel({
    name: nameOf(shape),
    setting,
    activation,
    bindings: [
      { name: 'a', type: 'vector', count },
      ...(isPair ? [{ name: 'b', type: 'vector' as const, count: size }] : []),
      { name: 'dst', type: 'vector', count },
    ],
    invocations: count,
    ...(op === 'maximum' && { declarations: larger }),
    body: `
  let x = ${value};
  ${store('dst', 'id', 'x', `id % ${Q}u`, channels, activation)}`,
  })
}

function nameOf({ op, per, activation }: Elementwise): string {
  if (op === 'unary') return activation
  if (op === 'mul' && per === 'channel') return 'gate'
  return per ? `${op} by ${per}` : op
}
