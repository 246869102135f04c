/** Activations whose coefficients a small network makes of the mean of their input: 1x1 convolutions `<name>.fc1` and `<name>.fc2`. */
import type { NetworkBuilder } from '@mobileone/core/network-builder'

/** What a coefficient is: the slice of the gate that it comes from, times `scale`, plus `offset`. */
interface Coefficient {
  readonly name: string
  readonly scale: number
  readonly offset: number
}

/**
 * Dynamic ReLU (Chen et al. 2020, arXiv 2003.10027) of K = 2 lines: max((1 + d1) x + d3 / 2, d2 x + d4 / 2), d = 2 sigmoid(z) - 1. `shared`
 * (A): four coefficients for all channels; else (B) four for each, in the order of the channels. The gate squeezes to an eighth.
 */
export function dynamicRelu(
  net: NetworkBuilder,
  name: string,
  input: string,
  { shared }: { readonly shared: boolean },
): string {
  const channels = net.shape(input)[1] as number
  const outputs = shared ? 1 : channels
  const squeezed = Math.max(1, Math.floor(channels / 8))
  const gate = net.unary(
    'sigmoid',
    `${name}.sigmoid`,
    gateOf(net, name, input, { squeezed, outputs: 4 * outputs }),
  )
  // z is [channel][coefficient]; turned, the coefficients lie one after the other.
  const turned = shared ? gate : net.channelShuffle(`${name}.turned`, gate, outputs)
  const [a1, a2, b1, b2] = coefficients(net, name, turned, outputs, [
    { name: 'a1', scale: 2, offset: 0 },
    { name: 'a2', scale: 2, offset: -1 },
    { name: 'b1', scale: 1, offset: -0.5 },
    { name: 'b2', scale: 1, offset: -0.5 },
  ])
  const line = (at: string, a: string, b: string): string =>
    net.add(`${name}.line${at}`, net.mul(`${name}.scaled${at}`, input, a), b)
  return net.maximum(name, line('1', a1, b1), line('2', a2, b2))
}

const groups = 4

/**
 * Dynamic Shift-Max (Li et al. 2021, arXiv 2108.05894) of J = K = 2 with the constants of MicroNet-M3, as its published code has it:
 * max((1 + t1) x + t2 y, (0.5 + t3) x + (0.5 + t4) y), t = 4 (hardSigmoid(z) - 0.5), where y is x with channel g n + i taken from
 * ((g + 1) mod 4) n + (i + 1) mod n, n = C / 4.
 */
export function dynamicShiftMax(net: NetworkBuilder, name: string, input: string): string {
  const channels = net.shape(input)[1] as number
  const squeezed = Math.max(4, roundTo(channels / 8, 4))
  const gate = net.unary(
    'hardSigmoid',
    `${name}.hardSigmoid`,
    gateOf(net, name, input, { squeezed, outputs: 4 * channels }),
  )
  const [a1, b1, a2, b2] = coefficients(net, name, gate, channels, [
    { name: 'a1', scale: 4, offset: -1 },
    { name: 'b1', scale: 4, offset: -2 },
    { name: 'a2', scale: 4, offset: -1.5 },
    { name: 'b2', scale: 4, offset: -1.5 },
  ])
  const shifted = shiftedChannels(net, name, input)
  const sum = (at: string, a: string, b: string): string =>
    net.add(
      `${name}.sum${at}`,
      net.mul(`${name}.own${at}`, input, a),
      net.mul(`${name}.other${at}`, shifted, b),
    )
  return net.maximum(name, sum('1', a1, b1), sum('2', a2, b2))
}

/** Each group from the next one, its first channel put last. */
function shiftedChannels(net: NetworkBuilder, name: string, input: string): string {
  const each = (net.shape(input)[1] as number) / groups
  const parts = Array.from({ length: groups }, (_, group) => {
    const start = ((group + 1) % groups) * each
    const part = `${name}.shifted.${group}`
    const last = net.slice(`${part}.last`, input, { start, end: start + 1 })
    if (each === 1) return [last]
    return [net.slice(`${part}.first`, input, { start: start + 1, end: start + each }), last]
  })
  return net.concat(`${name}.shifted`, parts.flat())
}

function gateOf(
  net: NetworkBuilder,
  name: string,
  input: string,
  { squeezed, outputs }: { readonly squeezed: number; readonly outputs: number },
): string {
  const pooled = net.globalAvgPool(`${name}.pool`, input)
  const reduced = net.conv(`${name}.fc1`, pooled, { channels: squeezed, activation: 'relu' })
  return net.conv(`${name}.fc2`, reduced, { channels: outputs })
}

/** The four quarters of `gate`, each [N, size, 1, 1]. */
function coefficients(
  net: NetworkBuilder,
  name: string,
  gate: string,
  size: number,
  all: readonly [Coefficient, Coefficient, Coefficient, Coefficient],
): readonly [string, string, string, string] {
  const [first, second, third, fourth] = all.map(({ name: key, scale, offset }, index) => {
    const part = net.slice(`${name}.${key}.gate`, gate, { start: index * size, end: (index + 1) * size })
    return net.affine(`${name}.${key}`, part, { scale, offset })
  })
  return [first, second, third, fourth] as [string, string, string, string]
}

/** The multiple of `divisor` nearest to `value`, not below 90 % of it: `make_divisible` of MobileNet. */
function roundTo(value: number, divisor: number): number {
  const rounded = Math.max(divisor, Math.floor((value + divisor / 2) / divisor) * divisor)
  return rounded < 0.9 * value ? rounded + divisor : rounded
}
