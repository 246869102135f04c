/** @jsxImportSource preact */
import type { Report, Result } from '@mobileone/measure'
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { contenderTitle, isOnGpu, isOurs, threadsText } from '../names.ts'
import { Explained } from './explained.tsx'
import { type ColumnGroup, columnGroups } from './result-columns.ts'
import { useWidth } from './use-width.ts'

/** Narrower than this there is a table for each group of columns. */
const wide = 860

interface Props {
  /** Of one network. */
  readonly results: readonly Result[]
  readonly report: Report
  readonly label: string
}

/** The figures of one network: one table where there is room, several where there is not. */
export function ResultTable({ results, report, label }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const width = useWidth(box, wide)
  const groups = columnGroups(report)
  const tables: readonly ColumnGroup[] =
    width >= wide ? [{ title: '', columns: groups.flatMap(({ columns }) => columns) }] : groups
  return (
    <div ref={box} class="result-tables">
      {tables.map((group) => (
        <table key={group.title} class="results">
          <caption class={group.title === '' ? 'hidden' : undefined}>{group.title || label}</caption>
          <thead>
            <tr>
              <th scope="col">Contender</th>
              {group.columns.map(({ title, about }) => (
                <th key={title} scope="col" class="numeric">
                  <Explained title={title} about={about} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {results.map((result) => (
              <tr
                key={`${result.contender} ${result.threads}`}
                class={isOurs(result.contender) ? 'ours' : undefined}
              >
                <th scope="row">
                  {contenderTitle(result.contender)}
                  <span class="muted small">
                    {isOnGpu(result.contender) ? '' : threadsText(result.threads)}
                    {result.incomplete !== undefined && <span class="bad"> incomplete</span>}
                  </span>
                </th>
                {group.columns.map((column, index) => (
                  <td
                    key={column.title}
                    class={`numeric${index === 0 && column.title === groups[0]?.columns[0]?.title ? ' main' : ''}`}
                  >
                    {column.cell(result, report)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ))}
    </div>
  )
}
