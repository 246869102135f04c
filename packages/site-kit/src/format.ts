/** `1.2 MB`, in units of 1000. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB']
  let value = count
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value.toFixed(unit > 0 && value < 99.5 ? 1 : 0)} ${units[unit]}`
}

/** `0.42 ms`, `13.5 ms`, `120 ms`, `1.9 s`. */
export function milliseconds(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`
  return `${ms.toFixed(ms < 1 ? 2 : ms < 99.95 ? 1 : 0)} ms`
}

/** `2,078,504`. */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** `5.3 M`. */
export function millions(value: number): string {
  return `${(value / 1e6).toFixed(value < 1e7 ? 2 : 1)} M`
}

/** `41.3 %`. */
export function percent(part: number, digits = 1): string {
  return `${(100 * part).toFixed(digits)} %`
}
