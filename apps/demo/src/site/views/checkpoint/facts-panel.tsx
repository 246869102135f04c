/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { bytes, count, millions } from '../../ui/format.ts'
import { Notice } from '../../ui/notice.tsx'
import type { CheckpointFacts } from './checkpoint-facts.ts'
import { inUse, useCheckpoint } from './open-checkpoint.ts'

interface Props {
  readonly facts: CheckpointFacts
}

/** What the file is, in both forms, and the button that makes it the model of the page. */
export function FactsPanel({ facts }: Props): JSX.Element {
  const { form, nodes, params, macs } = facts
  const used = inUse.value
  const isPlain = form === 'deploy'
  return (
    <section class="panel" aria-labelledby="facts-title">
      <h2 id="facts-title">{facts.name}</h2>
      <dl class="facts">
        {rowsOf(facts).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">What</span>
            </th>
            <th scope="col" class="numeric">
              {isPlain ? 'as it is' : 'as trained'}
            </th>
            <th scope="col" class="numeric">
              folded
            </th>
          </tr>
        </thead>
        <tbody>
          {(
            [
              ['nodes', nodes, count],
              ['parameters', params, millions],
              ['multiply-adds', macs, millions],
            ] as const
          ).map(([name, pair, format]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="numeric">{format(pair[0])}</td>
              <td class="numeric">{format(pair[1])}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {isPlain && (
        <Notice title="There is nothing to fold">
          This network has no batch normalisation and no branches left. It can be profiled, exported and used
          as it is.
        </Notice>
      )}
      <div class="row">
        <button type="button" disabled={used.status === 'busy'} onClick={useCheckpoint}>
          {used.status === 'busy' ? 'Handing it over…' : 'Use this model'}
        </button>
        {used.status === 'done' && (
          <span role="status">
            It is the model of <a href="#classify">Classify</a> and <a href="#teach">Teach</a> now.
          </span>
        )}
      </div>
      {used.status === 'failed' && (
        <Notice kind="error" title="It could not be handed over">
          {used.message}
        </Notice>
      )}
      {facts.remarks.length > 0 && (
        <details>
          <summary>Notes of the reader ({facts.remarks.length})</summary>
          <ul class="remarks">
            {facts.remarks.map((remark) => (
              <li key={remark}>{remark}</li>
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}

function rowsOf(facts: CheckpointFacts): (readonly [name: string, value: string])[] {
  const { format, naming, tensors, input, classes, labels, licence } = facts
  const shown = labels.slice(0, 4).join(', ')
  return [
    ['File', `${facts.fileName}, ${bytes(facts.bytes)}`],
    ['Format', naming ? `${format}, with the names of ${naming}` : format],
    ...(tensors === undefined ? [] : [['Tensors', count(tensors)] as const]),
    ['Input', input.join(' x ')],
    ...(classes === undefined
      ? []
      : [['Classes', shown ? `${classes}: ${shown}…` : count(classes)] as const]),
    ...(licence ? [['Licence', licence] as const] : []),
  ]
}
