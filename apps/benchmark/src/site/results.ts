import { columnsOf, groupsOf, nameOf, type Report, type Result } from '@mobileone/measure'
import { element } from './dom.ts'
import { stripPlot } from './strip-plot.ts'

/** The results so far: a table and all samples for each network, then what was left out. */
export function showResults(target: HTMLElement, report: Report): void {
  const groups = groupsOf(report).map(({ variant, results }) => {
    const [best] = results
    const gmacs = ((best?.macs ?? 0) / 1e9).toFixed(3)
    return element(
      'article',
      {},
      element('h2', {}, variant.toUpperCase(), element('small', {}, `${gmacs} GMACs, milliseconds`)),
      element('div', { class: 'scroll' }, resultTable(results, report)),
      stripPlot(results, report),
    )
  })
  const skipped = report.skipped.map((entry) =>
    element('li', {}, element('b', {}, `${nameOf(entry)}, ${entry.variant}`), ` ${entry.reason}`),
  )
  target.replaceChildren(
    ...groups,
    ...(skipped.length === 0
      ? []
      : [element('article', {}, element('h2', {}, 'Not measured'), element('ul', {}, ...skipped))]),
  )
}

function resultTable(results: readonly Result[], report: Report): HTMLTableElement {
  const columns = columnsOf(report).filter(({ title }) => title !== 'gzip')
  const titles = columns.map(({ title, left }) =>
    element('th', { scope: 'col', ...(left && { class: 'left' }) }, title),
  )
  const rows = results.map((result) =>
    element(
      'tr',
      result.contender.startsWith('mobileone-') ? { class: 'ours' } : {},
      ...columns.map((column) =>
        element('td', column.left ? { class: 'left' } : {}, column.cell(result, report)),
      ),
    ),
  )
  return element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...titles)),
    element('tbody', {}, ...rows),
  )
}
