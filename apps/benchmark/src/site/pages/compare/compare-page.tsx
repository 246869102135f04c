/** @jsxImportSource preact */
import { compareReports } from '@mobileone/measure'
import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { dateText, programText } from '../../reports/report-words.ts'
import { isLoaded, type KeptReport, loadReports, reports } from '../../state/reports.ts'
import { differenceRows, summaryText } from './compare-words.ts'
import { ComparisonTable } from './comparison-table.tsx'
import './compare.css'

/** Two reports side by side: `#compare/<first>/<second>`; those of the latest that are not named. */
export default function ComparePage({ rest }: { readonly rest: string }): JSX.Element {
  useEffect(() => void loadReports(), [])
  const kept = reports.value
  const [first, second] = chosenOf(kept, rest)
  return (
    <>
      <div class="intro">
        <h2>Compare</h2>
        <p class="lead">
          Two reports side by side: what is faster in the second, what is slower, and what else differs
          between them.
        </p>
      </div>
      {first && second ? (
        <>
          <section class="panel" aria-label="Which reports">
            <div class="compared">
              <Choice label="First" kept={kept} chosen={first} onChoose={(id) => go(id, second.id)} />
              <Choice label="Second" kept={kept} chosen={second} onChoose={(id) => go(first.id, id)} />
              <button type="button" class="quiet" onClick={() => go(second.id, first.id)}>
                Swap
              </button>
            </div>
          </section>
          <Comparison first={first} second={second} />
        </>
      ) : (
        <section class="panel" aria-label="Nothing to compare">
          <p class="empty">
            {isLoaded.value ? (
              <>
                This takes two reports, and there {kept.length === 1 ? 'is one' : 'is none'}.{' '}
                <a href="#run">Run a benchmark</a>, or <a href="#report">open a file</a>.
              </>
            ) : (
              'Looking for reports…'
            )}
          </p>
        </section>
      )}
    </>
  )
}

function go(first: number, second: number): void {
  location.hash = `compare/${first}/${second}`
}

/** Those that the address names; where it names one, that is the first, and the latest other the second. */
function chosenOf(kept: readonly KeptReport[], rest: string): (KeptReport | undefined)[] {
  const [a, b] = rest.split('/').map((id) => kept.find((each) => String(each.id) === id))
  const latest = kept.filter((each) => each !== a && each !== b)
  if (a) return [a, b ?? latest.at(-1)]
  return [latest.at(-2), latest.at(-1)]
}

interface ChoiceProps {
  readonly label: string
  readonly kept: readonly KeptReport[]
  readonly chosen: KeptReport
  readonly onChoose: (id: number) => void
}

function Choice({ label, kept, chosen, onChoose }: ChoiceProps): JSX.Element {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={chosen.id} onChange={({ currentTarget }) => onChoose(Number(currentTarget.value))}>
        {kept.toReversed().map(({ id, title, report }) => (
          <option key={id} value={id}>
            {title} ({dateText(report.date)})
          </option>
        ))}
      </select>
      <span class="muted small">
        {programText(chosen.report.versions)}, {chosen.report.machine.platform}, {chosen.report.machine.cores}{' '}
        cores
      </span>
    </label>
  )
}

function Comparison({ first, second }: Readonly<Record<'first' | 'second', KeptReport>>): JSX.Element {
  const comparison = useMemo(() => compareReports(first.report, second.report), [first, second])
  const differences = differenceRows(comparison.differences)
  return (
    <>
      <section class="panel" aria-labelledby="comparison-title">
        <h3 id="comparison-title">{summaryText(comparison.results)}</h3>
        <ComparisonTable comparison={comparison} />
      </section>
      <section class="panel" aria-labelledby="differences-title">
        <h3 id="differences-title">What else differs</h3>
        {differences.length === 0 ? (
          <p class="muted">
            Nothing that the reports tell: the device, the browser, the versions and the protocol are the
            same.
          </p>
        ) : (
          <>
            {first.id !== second.id && (
              <Notice title="They were not measured under the same conditions">
                The times may differ for each of these reasons, not for one alone.
              </Notice>
            )}
            <dl class="facts">
              {differences.map(([name, values]) => (
                <>
                  <dt key={`${name}:`}>{name}</dt>
                  <dd key={name}>{values}</dd>
                </>
              ))}
            </dl>
          </>
        )}
      </section>
    </>
  )
}
