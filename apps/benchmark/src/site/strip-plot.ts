import { random } from '@mobileone/core'
import type { Report, Result } from '@mobileone/measure'
import { svg } from './dom.ts'

const width = 960
const left = 190
const right = 70
const rowHeight = 34
const axisHeight = 34
const jitter = 9

/** Every sample as a dot, a row for each contender, the headline figure as a bar across it. The time axis begins at 0. */
export function stripPlot(results: readonly Result[], { protocol }: Report): SVGSVGElement {
  const rows = results.filter(({ samples }) => samples.length > 0)
  const height = rows.length * rowHeight + axisHeight
  const scale = timeScale(rows)
  const x = (ms: number): number => left + (Math.min(ms, scale.end) / scale.end) * (width - left - right)
  const bottom = rows.length * rowHeight

  const ticks = scale.ticks.map((tick) =>
    svg(
      'g',
      {},
      svg('line', { class: 'grid', x1: x(tick), x2: x(tick), y1: 0, y2: bottom }),
      svg('text', { class: 'tick', x: x(tick), y: bottom + 18, 'text-anchor': 'middle' }, String(tick)),
    ),
  )
  const strips = rows.map((result, index) => {
    const middle = index * rowHeight + rowHeight / 2
    const source = random(index + 1)
    const headline = result[protocol.headline] ?? 0
    const dots = result.samples.map((ms) =>
      svg('circle', {
        class: ms > scale.end ? 'dot beyond' : 'dot',
        cx: x(ms).toFixed(1),
        cy: (middle + (source.next() - 0.5) * 2 * jitter).toFixed(1),
        r: result.samples.length > 200 ? 1.6 : 2.6,
      }),
    )
    return svg(
      'g',
      { class: result.contender.startsWith('mobileone-') ? 'strip ours' : 'strip' },
      svg('title', {}, `${result.contender}: ${headline.toFixed(2)} ms`),
      svg('rect', { class: 'band', x: 0, y: index * rowHeight + 3, width, height: rowHeight - 6, rx: 6 }),
      svg('text', { class: 'label', x: 10, y: middle + 4 }, `${result.contender} ×${result.threads}`),
      ...dots,
      svg('line', {
        class: 'headline',
        x1: x(headline),
        x2: x(headline),
        y1: middle - 13,
        y2: middle + 13,
      }),
      svg('text', { class: 'value', x: width - 8, y: middle + 4, 'text-anchor': 'end' }, headline.toFixed(2)),
    )
  })
  return svg(
    'svg',
    {
      class: 'plot',
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'aria-label': 'All samples in milliseconds',
    },
    ...ticks,
    ...strips,
    svg('text', { class: 'tick', x: width - 8, y: bottom + 18, 'text-anchor': 'end' }, 'ms'),
  )
}

/** From 0 to a round number that leaves only far outliers beyond it; those sit at the edge, hollow. */
function timeScale(rows: readonly Result[]): { readonly end: number; readonly ticks: readonly number[] } {
  const reach = Math.max(1, ...rows.map(({ p95Ms, medianMs }) => Math.min(p95Ms ?? 0, 3 * (medianMs ?? 0))))
  const raw = (reach * 1.1) / 6
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw) ?? raw
  const count = Math.ceil((reach * 1.1) / step)
  return {
    end: count * step,
    ticks: Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(6))),
  }
}
