/** What a comparison comes to, in words. */
import type { ComparedResult, SpeedRatio } from '@mobileone/measure'

/** `1.42 times as fast`, `1.10 times as slow`. */
export function ratioText({ ratio }: Pick<SpeedRatio, 'ratio'>): string {
  return ratio <= 1 ? `${(1 / ratio).toFixed(2)} × as fast` : `${ratio.toFixed(2)} × as slow`
}

/** What the second report says of a result of the first. */
export function changeText({ change, ratio }: Pick<ComparedResult, 'change' | 'ratio'>): string {
  switch (change) {
    case 'faster':
    case 'slower':
      return ratio ? ratioText(ratio) : change
    case 'alike':
      return 'no difference'
    case 'added':
      return 'only in the second'
    case 'removed':
      return 'only in the first'
    case 'unknown':
      return 'no runs to compare'
    default:
      return change satisfies never
  }
}

/** `3 results are faster in the second, 1 is slower, 2 do not differ.` */
export function summaryText(results: readonly Pick<ComparedResult, 'change'>[]): string {
  const count = (change: ComparedResult['change']): number =>
    results.filter((each) => each.change === change).length
  const [faster, slower, alike] = [count('faster'), count('slower'), count('alike')]
  if (faster + slower + alike === 0) return 'The two have no result in common.'
  const verb = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`
  const parts = [
    ...(faster > 0 ? [verb(faster, 'is faster in the second', 'are faster in the second')] : []),
    ...(slower > 0 ? [verb(slower, 'is slower in the second', 'are slower in the second')] : []),
    ...(alike > 0 ? [verb(alike, 'does not differ', 'do not differ')] : []),
  ]
  const common = faster + slower + alike
  return `Of ${common} ${common === 1 ? 'result' : 'results'} in both, ${parts.join(', ')}.`
}

const names: Readonly<Record<string, string>> = {
  browser: 'Browser',
  processor: 'Processor',
  cores: 'Cores',
  platform: 'System',
  protocol: 'Protocol',
}

/** `compareReports` tells differences as `name: a and b`; for people, without what only programs read. */
export function differenceRows(differences: readonly string[]): [name: string, values: string][] {
  return differences.flatMap((difference): [string, string][] => {
    const [name = '', values = ''] = difference.split(/: (.*)/s)
    return name === 'userAgent' ? [] : [[names[name] ?? name, values.replace(' and ', ' → ')]]
  })
}

/** Where a ratio lies from half of the time (0) over the same (0.5) to twice (1). */
export function ratioPlace(ratio: number): number {
  return Math.max(0, Math.min(1, 0.5 + Math.log2(ratio) / 2))
}
