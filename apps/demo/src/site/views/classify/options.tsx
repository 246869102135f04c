/** @jsxImportSource preact */
import type { ComponentChildren, JSX } from 'preact'
import { type Settings, setSettings, settings } from './pictures.ts'

interface Props {
  /** Whether to offer how pictures are resized, which of a camera is always fast. */
  readonly resample?: boolean
  readonly columns?: 2
  readonly children?: ComponentChildren
}

/** How pictures are prepared, and how many classes are shown. */
export function Options({ resample = false, columns, children }: Props): JSX.Element {
  const { topK, fit, resample: chosen } = settings.value
  return (
    <div class={`choices ${columns === 2 ? 'two' : ''}`}>
      <label>
        Classes shown
        <select
          value={topK}
          onChange={({ currentTarget }) => setSettings({ topK: Number(currentTarget.value) })}
        >
          {[1, 3, 5, 10].map((count) => (
            <option key={count} value={count}>
              {count}
            </option>
          ))}
        </select>
      </label>
      <label>
        Fit
        <select
          value={fit}
          onChange={({ currentTarget }) => setSettings({ fit: currentTarget.value as Settings['fit'] })}
        >
          <option value="crop">cropped</option>
          <option value="letterbox">with borders</option>
          <option value="stretch">stretched</option>
        </select>
      </label>
      {resample && (
        <label>
          Resizing
          <select
            value={chosen}
            onChange={({ currentTarget }) =>
              setSettings({ resample: currentTarget.value as Settings['resample'] })
            }
          >
            <option value="exact">exact</option>
            <option value="fast">fast</option>
          </select>
        </label>
      )}
      {children}
    </div>
  )
}
