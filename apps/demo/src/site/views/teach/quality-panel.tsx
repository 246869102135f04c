/** @jsxImportSource preact */
import type { HeadReport } from '@mobileone/sdk'
import { percent } from '@mobileone/site-kit/format'
import { ScrollRegion } from '@mobileone/site-kit/scroll-region'
import type { JSX } from 'preact'
import { accuracySentence, adviceFor, confusionSentence } from './advice.ts'
import { validation } from './learning.ts'
import { examplesOf } from './project.ts'
import { project } from './taught.ts'

/** How well it is learned, by cross-validation, and what would help. */
export function QualityPanel(): JSX.Element {
  const report = validation.value
  const validated = report?.crossValidation
  const { classes } = project.value
  const counts = classes.map(({ id, name }) => ({ name, examples: examplesOf(project.value, id).length }))
  return (
    <section class="panel quality" aria-labelledby="quality-title">
      <h3 id="quality-title">How well it has learned</h3>
      <p class={`accuracy ${validated ? '' : 'none'}`}>
        <strong data-accuracy={validated?.accuracy}>
          {validated ? percent(validated.accuracy, 0) : '–'}
        </strong>
        <span class="muted">{accuracySentence(report)}</span>
      </p>
      <Confusion report={report} />
      <p class="hint">
        <strong>Next: </strong>
        {adviceFor(counts, validated?.accuracy)}
      </p>
    </section>
  )
}

function Confusion({ report }: { readonly report: HeadReport | undefined }): JSX.Element | null {
  const confusion = report?.crossValidation?.confusion
  if (!report || !confusion) return null
  const nameOf = new Map(project.value.classes.map(({ id, name }) => [id, name]))
  const ids = report.classes.map(({ label }) => label)
  const names = ids.map((id) => nameOf.get(id) ?? 'a removed class')
  return (
    <>
      <p>{confusionSentence(confusion, names)}</p>
      <ScrollRegion label="Confusion table">
        <table class="confusion" aria-label="Confusion" aria-describedby="confusion-key">
          <thead>
            <tr>
              <td />
              {names.map((name, index) => (
                <th key={ids[index]} scope="col" title={name}>
                  <span>{name}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {confusion.map((row, from) => (
              <tr key={ids[from]}>
                <th scope="row" title={names[from]}>
                  <span>{names[from]}</span>
                </th>
                {row.map((times, to) => (
                  <td key={ids[to]} class={`numeric ${from === to ? 'right' : times > 0 ? 'wrong' : ''}`}>
                    {times}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      <p id="confusion-key" class="key muted">
        Rows: what the examples are. Columns: what they were taken for.
      </p>
    </>
  )
}
