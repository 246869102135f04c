/** @jsxImportSource preact */

import { bytes } from '@mobileone/site-kit/format'
import { signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { checkpointFile, choice, choose, storages } from '../state/choice.ts'
import { engine } from '../state/engine.ts'
import { type ModelFacts, modelFacts, models, published, weightsLicence } from '../state/models.ts'
import { askForFile } from './act.ts'
import { Option } from './option.tsx'

const here = signal<ReadonlySet<string>>(new Set())

/** Ask the browser which weights it keeps. */
export async function lookForKept(): Promise<void> {
  const { keptOf } = await import('../state/weight-cache.ts')
  const found = await Promise.all(published.map(async (model) => (await keptOf(model)).isWhole))
  here.value = new Set(published.filter((_, index) => found[index]))
}

/** `275 million`, `1.3 billion`. */
function many(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} billion`
  return `${(value / 1e6).toFixed(value < 1e7 ? 1 : 0)} million`
}

/** The networks, and what their weights are kept in. */
export function ModelOptions(): JSX.Element {
  const { status } = engine.value
  const chosen = choice.value
  useEffect(() => {
    void lookForKept()
  }, [status, chosen.model])
  return (
    <>
      <fieldset>
        <legend>Model</legend>
        <div class="options two">
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
                  params && macs ? (
                    <span class="amounts">
                      <span>{many(params)} parameters,</span> <span>{many(macs)} multiply-adds</span>
                    </span>
                  ) : (
                    about
                  )
                }
                note={download ? (here.value.has(model) ? 'on this device' : bytes(download)) : undefined}
                onChoose={() => (isFile && !file ? askForFile() : choose({ model }))}
              />
            )
          })}
        </div>
        <p class="muted small">
          S0 to S4 know the 1000 kinds of things of ImageNet. Their weights are Apple's, come from
          huggingface.co when you ask for them, once, and stay in this browser. They are under{' '}
          <a href={weightsLicence} target="_blank" rel="noreferrer">
            a licence of their own
          </a>
          .
        </p>
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
