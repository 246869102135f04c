/** @jsxImportSource preact */

import { bytes, milliseconds } from '@mobileone/site-kit/format'
import { ScrollRegion } from '@mobileone/site-kit/scroll-region'
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { choice } from '../state/choice.ts'
import { engine } from '../state/engine.ts'
import { keyOf, measureSteady, recordSteady, type Trial, trials } from '../state/trials.ts'
import { onWhat } from './status-words.ts'
import { columns, readMs } from './times.ts'

/** What every combination of this visit took, one below the other. */
export function TimesTable(): JSX.Element {
  const { status, classifier, title } = engine.value
  const [isMeasuring, setMeasuring] = useState(false)
  const [failure, setFailure] = useState<string>()
  const stop = useRef<AbortController>(undefined)
  const current = keyOf({ choice: choice.value, title })
  useEffect(() => () => stop.current?.abort(), [classifier])
  const measure = async (): Promise<void> => {
    if (!classifier) return
    const stopping = new AbortController()
    stop.current = stopping
    setMeasuring(true)
    setFailure(undefined)
    try {
      recordSteady(current, await measureSteady(() => classifier.warmUp(), { signal: stopping.signal }))
    } catch (error) {
      if (!stopping.signal.aborted) setFailure((error as Error).message)
    } finally {
      setMeasuring(false)
    }
  }
  return (
    <div class="choose-times">
      <div class="row">
        <h3>Times of this visit</h3>
        <button type="button" class="quiet" disabled={status !== 'ready' || isMeasuring} onClick={measure}>
          {isMeasuring ? 'Measuring…' : 'Measure the steady time'}
        </button>
      </div>
      <p class="muted">
        Choose another model or backend, and its times stand below. Steady is the median of many runs on an
        empty picture, asked from this page.
      </p>
      {failure && <p class="bad">{failure}</p>}
      <ScrollRegion label="Times of this visit">
        <table>
          <thead>
            <tr>
              <th scope="col">Model</th>
              {columns.map(({ title: name, about }) => (
                <th key={name} scope="col" class="numeric" title={about}>
                  {name}
                </th>
              ))}
              <th scope="col" class="numeric">
                Steady
              </th>
              <th scope="col" class="numeric">
                Memory
              </th>
            </tr>
          </thead>
          <tbody>
            {trials.value.map((trial) => (
              <Row key={trial.key} trial={trial} isCurrent={trial.key === current} />
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </div>
  )
}

function Row({ trial, isCurrent }: { readonly trial: Trial; readonly isCurrent: boolean }): JSX.Element {
  const { title, choice: tried, steady, memory, failure } = trial
  return (
    <tr aria-current={isCurrent ? 'true' : undefined}>
      <th scope="row">
        <strong>{title}</strong>
        <span>
          {tried.storage}, {onWhat(tried)}
        </span>
      </th>
      {failure === undefined ? (
        <>
          {columns.map((column) => {
            const ms = readMs(trial.phases, column)
            return (
              <td key={column.title} class="numeric">
                {ms === undefined ? <span class="muted">-</span> : milliseconds(ms)}
              </td>
            )
          })}
          <td class="numeric steady">
            {steady ? (
              <>
                <strong>{milliseconds(steady.median)}</strong>
                <span class="muted small">
                  <span class="hidden">, median of </span>
                  {steady.runs} runs
                </span>
              </>
            ) : (
              <span class="muted">-</span>
            )}
          </td>
          <td class="numeric">{bytes(memory)}</td>
        </>
      ) : (
        <td colSpan={columns.length + 2} class="bad">
          {failure}
        </td>
      )}
    </tr>
  )
}
