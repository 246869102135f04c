import type { Axis } from './plot.ts'

/** From values to places along an axis of a plot. */
export interface Scale {
  readonly ticks: readonly { readonly value: number; readonly label: string }[]
  at(value: number): number
}

/**
 * A scale that has all `values` between the places `start` and `end` (which may be the other way round), with about `wanted` round ticks.
 */
export function scaleOf(
  { scale, from }: Pick<Axis, 'scale' | 'from'>,
  values: readonly number[],
  [start, end]: readonly [number, number],
  wanted: number,
): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  if (scale === 'log') {
    const [least, most] = [Math.log10(low / 1.15), Math.log10(high * 1.15)]
    const at = (value: number): number =>
      start + ((Math.log10(value) - least) / (most - least)) * (end - start)
    return { at, ticks: named(logTicks(10 ** least, 10 ** most, wanted)) }
  }
  const least = from ?? 0
  const step = roundStep((high - least) / wanted)
  const most = Math.max(least + step, Math.ceil(high / step) * step)
  const at = (value: number): number => start + ((value - least) / (most - least)) * (end - start)
  const first = Math.ceil(least / step)
  const count = Math.floor(most / step + 1e-9) - first + 1
  return { at, ticks: named(Array.from({ length: count }, (_, index) => (first + index) * step)) }
}

function logTicks(low: number, high: number, wanted: number): number[] {
  const choices = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 7]]
  const of = (factors: readonly number[]): number[] => {
    const found: number[] = []
    for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) {
      found.push(
        ...factors.map((factor) => factor * 10 ** power).filter((tick) => tick >= low && tick <= high),
      )
    }
    return found
  }
  const all = choices.map(of)
  return all.findLast((ticks) => ticks.length <= Math.max(3, wanted)) ?? (all[0] as number[])
}

/** 1, 2 or 5 times a power of ten, at least `raw`. */
function roundStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw || 1))
  return ([1, 2, 5, 10].find((factor) => factor * power >= raw - 1e-12) ?? 10) * power
}

function named(values: readonly number[]): Scale['ticks'] {
  return values.map((value) => ({ value, label: tickText(value) }))
}

/** `0.5`, `20`, `300 k`, `1.5 M`, `12 G`. */
export function tickText(value: number): string {
  const units = [
    [1e9, ' G'],
    [1e6, ' M'],
    [1e3, ' k'],
  ] as const
  const [size, unit] = units.find(([least]) => value >= least * 0.9999) ?? [1, '']
  return `${Number((value / size).toPrecision(3))}${unit}`
}
