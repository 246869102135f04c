/** Which nodes one BLEND step computes: found before planning, since the channels it reorders come first. */
import type { Model, Node, Shapes, Uses } from '@mobileone/core'

/** `x * scale + shift`; with channels in another order, `x * scale + y * shift`. Names of values of one pixel. */
export interface BlendTerm {
  readonly scale: string
  readonly shift: string
}

/** The larger of two sums of one value, made at the node `name`. */
export interface Blend {
  readonly x: string
  readonly terms: readonly [BlendTerm, BlendTerm]
  /** The channel of `x` that each channel of y is. */
  readonly order?: readonly number[]
  /** The other nodes that it computes. */
  readonly inner: readonly Node[]
}

interface Term extends BlendTerm {
  readonly x: string
  readonly y?: string
  readonly inner: readonly Node[]
}

/**
 * Given
 *
 *     %p = mul(%x, %a1)            %p = mul(%x, %a1)
 *                                  %q = mul(%y, %b1)        %y = the channels of %x in another order
 *     %s = add(%p, %b1)            %s = add(%p, %q)
 *     ... and %t alike, of %x with %a2, %b2
 *     %z = maximum(%s, %t)
 *
 * Result: `%z` by what computes the rest, where the factors are [N, C, 1, 1] or [N, 1, 1, 1] and nothing else reads what is
 * between: Dynamic ReLU (Chen et al., arXiv 2003.10027) and Dynamic Shift-Max (Li et al., arXiv 2108.05894).
 */
export function findBlends(model: Model, uses: Uses, shapes: Shapes): ReadonlyMap<string, Blend> {
  const blends = new Map<string, Blend>()
  for (const node of model.nodes) {
    const blend = node.op === 'maximum' ? asBlend(node.inputs, uses, shapes) : undefined
    if (blend) blends.set(node.name, blend)
  }
  return blends
}

function asBlend([a, b]: readonly [string, string], uses: Uses, shapes: Shapes): Blend | undefined {
  const [first, second] = [asTerm(a, uses, shapes), asTerm(b, uses, shapes)]
  if (!first || !second || a === b || first.x !== second.x || first.y !== second.y) return undefined
  const { x, y } = first
  const inner = [...first.inner, ...second.inner]
  const terms = [first, second] as const
  if (y === undefined) return { x, terms, inner }
  const order = reordered(y, uses, shapes)
  if (!order || order.x !== x || uses.reads(y) !== 2) return undefined
  return { x, terms, order: order.channels, inner: [...inner, ...order.inner] }
}

function asTerm(value: string, uses: Uses, shapes: Shapes): Term | undefined {
  const sum = uses.producer(value)
  if (sum?.op !== 'add' || !uses.soleReader(value)) return undefined
  const scaled = asProduct(sum.inputs[0], uses, shapes)
  if (!scaled) return undefined
  const { x, factor: scale, node } = scaled
  const shift = sum.inputs[1]
  if (isFactor(shift, x, shapes)) return { x, scale, shift, inner: [sum, node] }
  const shifted = asProduct(shift, uses, shapes)
  return shifted && { x, y: shifted.x, scale, shift: shifted.factor, inner: [sum, node, shifted.node] }
}

function asProduct(value: string, uses: Uses, shapes: Shapes) {
  const node = uses.producer(value)
  if (node?.op !== 'mul' || !uses.soleReader(value)) return undefined
  const [x, factor] = node.inputs
  return isFactor(factor, x, shapes) ? { node, x, factor } : undefined
}

function isFactor(value: string, of: string, shapes: Shapes): boolean {
  const [, channels, height, width, ...more] = shapes[value] ?? []
  const whole = shapes[of] ?? []
  const isSpread = whole.length === 4 && (whole[2] as number) * (whole[3] as number) > 1
  return (
    isSpread && height === 1 && width === 1 && more.length === 0 && (channels === whole[1] || channels === 1)
  )
}

/** The value and its channels that `value`, a concatenation of slices that nothing else reads, consists of. */
function reordered(value: string, uses: Uses, shapes: Shapes) {
  const joined = uses.producer(value)
  if (joined?.op !== 'concat' || joined.axis !== 1) return undefined
  const channels: number[] = []
  const inner: Node[] = [joined]
  const sources = new Set<string>()
  for (const input of joined.inputs) {
    const part = uses.producer(input)
    if (part?.op !== 'slice' || part.axis !== 1 || !uses.soleReader(input)) return undefined
    for (let channel = part.start; channel < part.end; channel++) channels.push(channel)
    inner.push(part)
    sources.add(part.inputs[0])
  }
  const [x = ''] = sources
  return sources.size === 1 && channels.length === shapes[x]?.[1] ? { x, channels, inner } : undefined
}
