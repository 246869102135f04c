/** @jsxImportSource preact */

import { Notice } from '@mobileone/site-kit/notice'
import { computed } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { choice } from '../../state/choice.ts'
import { engine } from '../../state/engine.ts'
import { ModelHint } from './model-hint.tsx'
import { addPictures, type GivenPicture, pictures, selected } from './pictures.ts'
import { type Sample, type Samples, samplesFor } from './samples.ts'

interface Props {
  /** One was taken and is shown. */
  readonly onTaken: () => void
}

const samplesNow = computed(() => samplesFor(choice.value.model, engine.value.classifier?.labels?.length))

/** Pictures to begin with, and what the model is for. */
export function SampleWall({ onTaken }: Props): JSX.Element {
  const [error, setError] = useState<string>()
  const samples = samplesNow.value
  const isReady = engine.value.status === 'ready'
  useEffect(() => {
    if (isReady) showFirst(samples).catch(() => {})
  }, [isReady, samples])
  const take = async (sample: Sample): Promise<void> => {
    try {
      addPictures([await readSample(sample)])
      setError(undefined)
      onTaken()
    } catch (cause) {
      setError((cause as Error).message)
    }
  }
  const shown = selected.value
  return (
    <section class="panel samples" aria-labelledby="samples-title">
      <div class="intro">
        <h2 id="samples-title">Try one of these</h2>
        <ModelHint model={choice.value.model} kind={samples.kind} />
      </div>
      <ul class={`wall ${samples.kind}`}>
        {samples.pictures.map((sample) => (
          <li key={sample.address}>
            <button
              type="button"
              class="sample"
              aria-pressed={shown?.isSample === true && shown.name === sample.label}
              onClick={() => take(sample)}
            >
              <img src={sample.address} alt={sample.label} width="28" height="28" />
            </button>
          </li>
        ))}
      </ul>
      {error && (
        <Notice kind="error" title="This sample could not be loaded">
          {error}. Choose a picture of your own.
        </Notice>
      )}
    </section>
  )
}

async function readSample({ address, label }: Sample): Promise<GivenPicture> {
  const response = await fetch(address)
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  return { name: label, file: await response.blob(), isSample: true }
}

let isFirst = true

/** Show one to a visitor who has done nothing yet, and in the place of one that was for another kind of model. */
async function showFirst({ pictures: [first, ...others] }: Samples): Promise<void> {
  const shown = selected.peek()
  const isOfThese = [first, ...others].some((each) => each?.label === shown?.name)
  const isWanted = shown ? shown.isSample && !isOfThese : isFirst && pictures.peek().length === 0
  isFirst = false
  if (!isWanted || !first) return
  const sample = await readSample(first)
  if (selected.peek()?.id === shown?.id) addPictures([sample])
}
