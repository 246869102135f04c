/** @jsxImportSource preact */

import { bytes, count, millions, milliseconds } from '@mobileone/site-kit/format'
import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { checkpointFile, choice } from '../../state/choice.ts'
import { shortened } from './checkpoint-facts.ts'
import { type Opened, sentence, used, useOpened } from './opened.ts'

/** What the file is, in both forms, and the button that makes it the model of the page. */
export function FactsPanel({ of }: { readonly of: Opened }): JSX.Element {
  const { file, facts } = of
  const { title, format, trained, folded, foldMs, blocks } = facts
  return (
    <section class="panel facts-panel" aria-labelledby="facts-title">
      <header>
        <h2 id="facts-title">{title}</h2>
        <p class="muted name">
          {shortened(file.name, 80)}, {bytes(file.size)}
        </p>
      </header>
      <dl class="facts">
        <dt>Format</dt>
        <dd>{format}</dd>
        <dt>Form</dt>
        <dd>
          {trained ? `as trained, ${blocks.length} blocks to fold` : 'folded already, or without branches'}
        </dd>
        {facts.facts.map(([name, value]) => (
          <Fact key={name} name={name} value={value} />
        ))}
      </dl>
      <table class="both">
        <thead>
          <tr>
            <td />
            {trained && (
              <th scope="col" class="numeric">
                as trained
              </th>
            )}
            <th scope="col" class="numeric">
              {trained ? 'folded' : 'as it runs'}
            </th>
          </tr>
        </thead>
        <tbody>
          {(
            [
              ['Layers', 'nodes', count],
              ['Parameters', 'params', count],
              ['Multiply-adds', 'macs', millions],
              [facts.isInt8 ? 'Weights' : 'Weights in float32', 'bytes', bytes],
            ] as const
          ).map(([name, key, show]) => (
            <tr key={key}>
              <th scope="row">{name}</th>
              {trained && <td class="numeric">{show(trained[key])}</td>}
              <td class="numeric">{show(folded[key])}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {trained ? (
        <p class="muted">Folding all of it took {milliseconds(foldMs)} here.</p>
      ) : (
        <Notice title="There is nothing to fold">
          This network has no parallel branches and no normalisations left. It can still be timed, exported
          and used.
        </Notice>
      )}
      {facts.card.length > 0 && (
        <dl class="facts card">
          {facts.card.map(([name, value]) => (
            <Fact key={name} name={name} value={value} />
          ))}
        </dl>
      )}
      {facts.remarks.length > 0 && (
        <details>
          <summary>{facts.remarks.length === 1 ? 'A remark' : `${facts.remarks.length} remarks`}</summary>
          <ul class="remarks">
            {facts.remarks.map((remark) => (
              <li key={remark}>{sentence(remark)}</li>
            ))}
          </ul>
        </details>
      )}
      <UseButton />
    </section>
  )
}

function Fact({ name, value }: { readonly name: string; readonly value: string }): JSX.Element {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  )
}

function UseButton(): JSX.Element {
  const [error, setError] = useState<string>()
  const isUsed =
    choice.value.model === 'file' && used.value !== undefined && checkpointFile.value === used.value
  const use = async (): Promise<void> => {
    setError(undefined)
    try {
      await useOpened()
    } catch (cause) {
      setError(sentence((cause as Error).message))
    }
  }
  return (
    <>
      <div class="row">
        <button type="button" disabled={isUsed} onClick={use}>
          {isUsed ? 'In use' : 'Use this model'}
        </button>
        <span class="muted">
          {isUsed ? 'Every view of this page runs it.' : 'It becomes the model of every view of this page.'}
        </span>
      </div>
      {error && (
        <Notice kind="error" title="It cannot be used here">
          {error}
        </Notice>
      )}
    </>
  )
}
