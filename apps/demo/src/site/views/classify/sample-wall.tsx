/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Notice } from '../../ui/notice.tsx'
import { ModelHint } from './model-hint.tsx'
import { addPictures } from './pictures.ts'
import { type Sample, samples } from './samples.ts'

/** Pictures to begin with, and what the embedded model is for. */
export function SampleWall(): JSX.Element {
  const [error, setError] = useState<string>()
  const take = async ({ address, label }: Sample): Promise<void> => {
    try {
      const response = await fetch(address)
      if (!response.ok) throw new Error(`the server answered ${response.status}`)
      addPictures([{ name: label, file: await response.blob() }])
      setError(undefined)
    } catch (cause) {
      setError((cause as Error).message)
    }
  }
  return (
    <section class="panel" aria-labelledby="samples-title">
      <h2 id="samples-title">Try one of these</h2>
      <ul class="wall">
        {samples.map((sample) => (
          <li key={sample.address}>
            <button type="button" class="sample" onClick={() => take(sample)}>
              <img src={sample.address} alt={sample.label} width="28" height="28" loading="lazy" />
            </button>
          </li>
        ))}
      </ul>
      {error && (
        <Notice kind="error" title="This sample could not be loaded">
          {error}. Choose a picture of your own.
        </Notice>
      )}
      <ModelHint />
    </section>
  )
}
