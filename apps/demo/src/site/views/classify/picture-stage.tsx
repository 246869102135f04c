/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { DropZone } from '../../ui/drop-zone.tsx'
import {
  addPictures,
  type Picture,
  pictures,
  removePicture,
  selected,
  selectPicture,
  setRegion,
} from './pictures.ts'
import { RegionEditor } from './region-editor.tsx'

/** The picture that is shown, and the others that were given. */
export function PictureStage(): JSX.Element {
  const picture = selected.value
  return (
    <>
      <div class={picture ? 'shown' : 'shown nothing'}>
        {!picture ? (
          <p class="veil">Your picture goes here.</p>
        ) : picture.outcome.state === 'failed' ? (
          <p class="veil">This cannot be shown.</p>
        ) : (
          <ShownPicture picture={picture} />
        )}
      </div>
      {picture && (
        <div class="row">
          <span class="muted name">{picture.name}</span>
          {picture.region && (
            <button type="button" class="plain" onClick={() => setRegion(picture.id, undefined)}>
              Whole picture
            </button>
          )}
          <button type="button" class="plain" onClick={() => removePicture(picture.id)}>
            Remove
          </button>
        </div>
      )}
      <DropZone
        accept="image/*"
        multiple
        paste
        label="Choose pictures"
        onFiles={(files) => addPictures(files.map((file) => ({ name: file.name, file })))}
      >
        <p class="muted">or drop or paste them anywhere. Draw on the picture to look at a part of it.</p>
      </DropZone>
      {pictures.value.length > 1 && (
        <ul class="strip" aria-label="Pictures">
          {pictures.value.map((each) => (
            <li key={each.id}>
              <button
                type="button"
                class="thumb"
                aria-pressed={each.id === picture?.id}
                onClick={() => selectPicture(each.id)}
              >
                {each.outcome.state === 'failed' ? (
                  <span class="unreadable" aria-hidden="true">
                    ?
                  </span>
                ) : (
                  <img src={each.address} alt="" width="56" height="56" />
                )}
                <span class="caption">{captionOf(each)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

function ShownPicture({ picture }: { readonly picture: Picture }): JSX.Element {
  const { id, address, name, size, region } = picture
  const isSmall = size !== undefined && Math.max(size.width, size.height) < 100
  return (
    <div class="fitted" style={size ? { aspectRatio: `${size.width} / ${size.height}` } : undefined}>
      <img src={address} alt={name} class={isSmall ? 'coarse' : ''} />
      {size && <RegionEditor size={size} region={region} onChange={(next) => setRegion(id, next)} />}
    </div>
  )
}

function captionOf({ outcome, name }: Picture): string {
  switch (outcome.state) {
    case 'waiting':
    case 'running':
      return '…'
    case 'done':
      return outcome.predictions[0]?.label ?? 'nothing'
    case 'failed':
      return `unreadable: ${name}`
    default:
      return outcome satisfies never
  }
}
