/** @jsxImportSource preact */
import { signal } from '@preact/signals'
import type { JSX } from 'preact'
import { DropZone } from '../../ui/drop-zone.tsx'
import { addPictures } from './pictures.ts'

export const source = signal<'pictures' | 'camera'>('pictures')

const sources = [
  ['pictures', 'Pictures'],
  ['camera', 'Camera'],
] as const

/**
 * Where pictures come from, above both. A component and no element that is handed on: Preact keeps all that such an element was ever drawn
 * beneath, which a camera draws anew with every frame.
 */
export function SourceBar(): JSX.Element {
  return (
    <div class="row bar">
      <SourceTabs />
      <DropZone accept="image/*" multiple paste label="Choose pictures" onFiles={give} />
    </div>
  )
}

function give(files: readonly File[]): void {
  addPictures(files.map((file) => ({ name: file.name, file })))
  source.value = 'pictures'
}

function SourceTabs(): JSX.Element {
  return (
    <fieldset class="segments">
      <legend class="hidden">Classify</legend>
      {sources.map(([name, title]) => (
        <label key={name}>
          <input
            type="radio"
            name="source"
            checked={source.value === name}
            onChange={() => {
              source.value = name
            }}
          />
          <span>{title}</span>
        </label>
      ))}
    </fieldset>
  )
}
