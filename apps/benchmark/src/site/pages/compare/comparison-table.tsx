/** @jsxImportSource preact */
import type { ComparedResult, Comparison, SpeedRatio } from '@mobileone/measure'
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { contenderTitle, isOurs, networkTitle, threadsText } from '../../names.ts'
import { msText } from '../../parts/result-columns.ts'
import { useWidth } from '../../parts/use-width.ts'
import { changeText, ratioPlace } from './compare-words.ts'

/** Narrower than this, what changed stands below a result. */
const wide = 560

/** A row for each result, by network; the interval of the ratio as a line beside no change. */
export function ComparisonTable({ comparison }: { readonly comparison: Comparison }): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const isWide = useWidth(box, wide) >= wide
  const groups = new Map<string, ComparedResult[]>()
  for (const result of comparison.results) {
    groups.set(result.variant, [...(groups.get(result.variant) ?? []), result])
  }
  const showRuntime = new Set(comparison.results.map(({ runtime }) => runtime)).size > 1
  return (
    <div ref={box}>
      <table class="comparison">
        <thead>
          <tr>
            <th scope="col">Contender</th>
            <th scope="col" class="numeric">
              First <span class="unit">ms</span>
            </th>
            <th scope="col" class="numeric">
              Second <span class="unit">ms</span>
            </th>
            {isWide && <th scope="col">In the second</th>}
          </tr>
        </thead>
        {[...groups].map(([variant, results]) => (
          <tbody key={variant}>
            <tr class="group">
              <th scope="rowgroup" colSpan={isWide ? 4 : 3}>
                {networkTitle(variant)}
              </th>
            </tr>
            {results.map((result) => (
              <Row
                key={`${result.contender} ${result.runtime} ${result.threads}`}
                result={result}
                showRuntime={showRuntime}
                isWide={isWide}
              />
            ))}
          </tbody>
        ))}
      </table>
    </div>
  )
}

interface RowProps {
  readonly result: ComparedResult
  readonly showRuntime: boolean
  readonly isWide: boolean
}

function Row({ result, showRuntime, isWide }: RowProps): JSX.Element {
  const { contender, runtime, threads, beforeMs, afterMs, change } = result
  return (
    <>
      <tr class={`${isOurs(contender) ? 'ours' : ''}${isWide ? '' : ' above'}`} data-change={change}>
        <th scope="row">
          {contenderTitle(contender)}
          <span class="muted small">
            {threadsText(threads)}
            {showRuntime && `, ${runtime}`}
          </span>
        </th>
        <td class="numeric">{msText(beforeMs)}</td>
        <td class="numeric">{msText(afterMs)}</td>
        {isWide && (
          <td class="change">
            <Change result={result} />
          </td>
        )}
      </tr>
      {!isWide && (
        <tr class={isOurs(contender) ? 'ours' : ''}>
          <td class="change" colSpan={3}>
            <Change result={result} />
          </td>
        </tr>
      )}
    </>
  )
}

function Change({ result }: { readonly result: ComparedResult }): JSX.Element {
  const { change, ratio } = result
  return (
    <>
      <span class={change === 'faster' ? 'good' : change === 'slower' ? 'bad' : 'muted'}>
        {changeText(result)}
      </span>
      {ratio && <Interval ratio={ratio} />}
    </>
  )
}

/** The 95 % interval of the time's ratio: left of the middle is faster, to half and twice. */
function Interval({ ratio: { ratio, low, high } }: { readonly ratio: SpeedRatio }): JSX.Element {
  const x = (value: number): string => `${(100 * ratioPlace(value)).toFixed(1)}%`
  const words = `${low.toFixed(2)} to ${high.toFixed(2)} of the time, 95 % sure`
  return (
    <>
      <svg class="interval" aria-hidden="true">
        <line class="middle" x1="50%" x2="50%" y1="0" y2="100%" />
        <line class="range" x1={x(low)} x2={x(high)} y1="50%" y2="50%" />
        <circle class="point" cx={x(ratio)} cy="50%" r="4" />
      </svg>
      <span class="muted small">{words}</span>
    </>
  )
}
