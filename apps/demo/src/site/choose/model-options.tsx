/** @jsxImportSource preact */
import { signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { checkpointFile, choice, choose, storages } from '../state/choice.ts'
import { engine } from '../state/engine.ts'
import {
  isPublished,
  type ModelFacts,
  modelFacts,
  models,
  published,
  weightsLicence,
} from '../state/models.ts'
import { bytes, millions } from '../ui/format.ts'
import { askForFile } from './act.ts'
import { Option } from './option.tsx'
import { StatusLine } from './status-line.tsx'

const here = signal<ReadonlySet<string>>(new Set())

/** Ask the browser which weights it keeps. */
export async function lookForKept(): Promise<void> {
  const { keptOf } = await import('../state/weight-cache.ts')
  const found = await Promise.all(published.map(async (model) => (await keptOf(model)).isWhole))
  here.value = new Set(published.filter((_, index) => found[index]))
}

/** The networks, and what their weights are kept in. */
export function ModelOptions(): JSX.Element {
  const { status, need } = engine.value
  const chosen = choice.value
  useEffect(() => {
    void lookForKept()
  }, [status, chosen.model])
  const choosing = isPublished(chosen.model) && (status !== 'ready' || need)
  return (
    <>
      <fieldset>
        <legend>Model</legend>
        <div class="options">
          {models.map((model) => {
            const facts: ModelFacts = modelFacts[model]
            const { title, about, params, macs, download } = facts
            const isFile = model === 'file'
            const file = checkpointFile.value
            return (
              <Option
                key={model}
                name="model"
                value={model}
                isChosen={chosen.model === model}
                title={isFile && file ? file.name : title}
                about={
                  params && macs
                    ? `${about}; ${millions(params)} parameters, ${millions(macs)} multiply-adds`
                    : about
                }
                note={download ? (here.value.has(model) ? 'on this device' : bytes(download)) : undefined}
                onChoose={() => (isFile && !file ? askForFile() : choose({ model }))}
              />
            )
          })}
        </div>
        {choosing && (
          <div class="notice info">
            <p>
              These weights are timm's copy of Apple's, at huggingface.co. They are not part of this page and
              have{' '}
              <a href={weightsLicence} target="_blank" rel="noreferrer">
                a licence of their own
              </a>
              . They come once and stay in this browser.
            </p>
            <StatusLine />
          </div>
        )}
        {checkpointFile.value && (
          <button type="button" class="quiet" onClick={askForFile}>
            Choose another file
          </button>
        )}
      </fieldset>
      <fieldset>
        <legend>Weights kept as</legend>
        <div class="options two">
          {storages.map((storage) => (
            <Option
              key={storage}
              name="storage"
              value={storage}
              isChosen={chosen.storage === storage}
              title={storage}
              about={
                storage === 'float32'
                  ? 'as they were trained'
                  : 'rounded: half the bytes in this browser, nearly the same answers'
              }
              onChoose={() => choose({ storage })}
            />
          ))}
        </div>
      </fieldset>
    </>
  )
}
