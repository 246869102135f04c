/** @jsxImportSource preact */
import type { StudyTable as Table } from '@mobileone/measure/studies'
import { ScrollRegion } from '@mobileone/site-kit/scroll-region'
import type { JSX } from 'preact'
import './study-table.css'

/** A table of a study, the first column in sight while one scrolls; what each column means stands under it. */
export function StudyTable({ table: { title, columns, rows } }: { readonly table: Table }): JSX.Element {
  return (
    <div class="study-table">
      <h4>{title}</h4>
      <ScrollRegion label={title}>
        <table>
          <thead>
            <tr>
              {columns.map((column, index) => (
                <th key={index} scope="col" class={classOf(column.kind)} title={column.about}>
                  {column.title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ id, cells, highlight }) => (
              <tr key={id} class={highlight ? 'ours' : undefined}>
                {cells.map((cell, index) =>
                  index === 0 ? (
                    <th key={index} scope="row">
                      {cell}
                    </th>
                  ) : (
                    <td key={index} class={classOf(columns[index]?.kind)}>
                      {cell}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      <details>
        <summary>What the columns mean</summary>
        <dl class="columns-explained">
          {[...new Map(columns.map((column) => [`${column.title} ${column.about}`, column])).entries()].map(
            ([key, column]) => (
              <div key={key}>
                <dt>{column.title}</dt>
                <dd>{column.about}</dd>
              </div>
            ),
          )}
        </dl>
      </details>
    </div>
  )
}

function classOf(kind: Table['columns'][number]['kind'] | undefined): string {
  return kind === 'name' || kind === undefined ? 'words' : `numeric ${kind}`
}
