/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { choice } from '../../state/choice.ts'
import { Notice } from '../../ui/notice.tsx'
import { ModelHint } from './model-hint.tsx'
import { addPictures, type GivenPicture, pictures, selected } from './pictures.ts'
import { firstSample, type Sample, samples } from './samples.ts'

interface Props {
  /** One was taken and is shown. */
  readonly onTaken: () => void
}

/** Pictures to begin with, and what the model is for. */
export function SampleWall({ onTaken }: Props): JSX.Element {
  const [error, setError] = useState<string>()
  const shown = selected.value
  const take = async (sample: Sample): Promise<void> => {
    try {
      addPictures([await readSample(sample)])
      setError(undefined)
      onTaken()
    } catch (cause) {
      setError((cause as Error).message)
    }
  }
  return (
    <section class="panel samples" aria-labelledby="samples-title">
      <div class="intro">
        <h2 id="samples-title">Try one of these</h2>
        <ModelHint />
      </div>
      <ul class="wall">
        {samples.map((sample) => (
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

/** What a visitor sees who has done nothing yet: a sample, where the model knows what it shows. */
export async function showFirstSample(): Promise<void> {
  if (!isFirst || choice.peek().model !== 'fashion-mnist') return
  isFirst = false
  const sample = await readSample(firstSample)
  if (pictures.peek().length === 0) addPictures([sample])
}
