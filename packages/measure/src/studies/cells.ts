import type { SpeedRatio } from '../speed-ratio.ts'
import { paperRow } from './paper.ts'
import type { StudyColumn } from './study.ts'
import type { Series } from './times.ts'

/** Milliseconds with three digits or so; empty where there are none. */
export function msText(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return ''
  return ms < 100 ? ms.toFixed(ms < 10 ? 2 : 1) : ms.toFixed(0)
}

/** `1.37`, or `179` where decimals say nothing. */
export function ratioText(ratio: number | undefined): string {
  if (ratio === undefined) return ''
  return ratio >= 10 ? ratio.toFixed(ratio >= 100 ? 0 : 1) : ratio.toFixed(2)
}

/** `1.37 (1.31 to 1.42)`, or `1.37` where there is no interval. */
export function intervalText(ratio: SpeedRatio | undefined): string {
  if (!ratio) return ''
  const { ratio: own, low, high } = ratio
  return low === high ? ratioText(own) : `${ratioText(own)} (${ratioText(low)} to ${ratioText(high)})`
}

/** Millions: `275`, `4.8`. */
export function millions(count: number): string {
  const value = count / 1e6
  return value < 100 ? value.toFixed(1) : value.toFixed(0)
}

/** `a, b and c`. */
export function listText(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

/** The column of names that a table begins with. */
export function nameColumn(title: string, about: string): StudyColumn {
  return { title, about, kind: 'name' }
}

/** The column of a series' times. */
export function msColumn({ title }: Series): StudyColumn {
  return {
    title: `${title}, ms`,
    about: `Milliseconds of one run of ${title} on this machine, from input in memory to logits in memory.`,
    kind: 'measured',
  }
}

/** The paper's three latencies, for tables of whole networks. */
export const paperColumns: readonly StudyColumn[] = [
  {
    title: 'paper, iPhone 12, ms',
    about: 'As the paper printed it: an iPhone 12 with Core ML, the least round trip.',
    kind: 'printed',
  },
  {
    title: 'paper, Xeon, ms',
    about: 'As the paper printed it: an Intel Xeon Gold 5118 at 2.3 GHz.',
    kind: 'printed',
  },
  {
    title: 'paper, RTX 2080 Ti, ms',
    about:
      'As the paper printed it: TensorRT 8.0.1.6, median of 100 runs. Empty where the network could not be exported.',
    kind: 'printed',
  },
]

/** The cells of {@link paperColumns}. */
export function paperCells(id: string): string[] {
  const row = paperRow(id)
  return [row?.mobile, row?.cpu, row?.gpu].map((ms) => (ms === null || ms === undefined ? '' : ms.toFixed(2)))
}
