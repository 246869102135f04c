/** @jsxImportSource preact */

import { percent } from '@mobileone/site-kit/format'
import type { CSSProperties, JSX } from 'preact'
import { seenNow } from './framing.ts'
import { changePicture, type Picture, removePicture, selected, setRegion } from './pictures.ts'
import { RegionButton, RegionEditor } from './region-editor.tsx'

/** The picture that is shown large, and what can be done with it. */
export function PictureStage(): JSX.Element {
  const picture = selected.value
  const isShown = picture && picture.outcome.state !== 'failed'
  return (
    <>
      <div class={`shown ${picture ? '' : 'nothing'}`}>
        {picture && isShown && <ShownPicture key={picture.id} picture={picture} />}
        {!isShown && (
          <p class="veil">
            {picture
              ? 'This file cannot be shown.'
              : 'Drop pictures anywhere on this page, paste them, choose them, or take one of the samples.'}
          </p>
        )}
        <Best picture={picture} />
      </div>
      <div class="row under">
        <span class="muted name">{picture ? picture.name : 'No picture yet'}</span>
        <RegionButton
          size={isShown ? picture.size : undefined}
          region={picture?.region}
          onChange={(region) => picture && setRegion(picture.id, region)}
        />
        <button
          type="button"
          class="quiet"
          disabled={!picture}
          onClick={() => picture && removePicture(picture.id)}
        >
          Remove
        </button>
      </div>
    </>
  )
}

function ShownPicture({ picture }: { readonly picture: Picture }): JSX.Element {
  const { id, address, name, size, region } = picture
  const isSmall = size !== undefined && Math.max(size.width, size.height) < 100
  return (
    <div class="fitted" style={{ '--ratio': size ? size.width / size.height : 1 } as CSSProperties}>
      <img
        src={address}
        alt={name}
        class={isSmall ? 'coarse' : ''}
        onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => {
          if (!size) changePicture(id, { size: { width, height } })
        }}
      />
      {size && (
        <RegionEditor
          size={size}
          region={region}
          seen={seenNow(size, region)}
          onChange={(next) => setRegion(id, next)}
        />
      )}
    </div>
  )
}

/** The best class over the picture, where the eye is. */
function Best({ picture }: { readonly picture: Picture | undefined }): JSX.Element | null {
  const best = picture?.outcome.state === 'done' ? picture.outcome.predictions[0] : undefined
  if (!best) return null
  return (
    <p class="overlay" aria-hidden="true">
      <strong>{best.label}</strong> {percent(best.score, 0)}
    </p>
  )
}
