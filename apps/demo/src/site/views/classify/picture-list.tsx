/** @jsxImportSource preact */

import { percent } from '@mobileone/site-kit/format'
import type { JSX } from 'preact'
import { type Picture, pictures, removeAllPictures, selected, selectPicture } from './pictures.ts'

/** The pictures that were given, where there are several, each with its best class or why it has none. */
export function PictureList(): JSX.Element | null {
  const given = pictures.value
  if (given.length < 2) return null
  const done = given.filter(({ outcome }) => outcome.state === 'done').length
  const failed = given.filter(({ outcome }) => outcome.state === 'failed').length
  return (
    <section class="panel list" aria-labelledby="list-title">
      <div class="row">
        <h2 id="list-title">{given.length} pictures</h2>
        <span class="muted name" role="status">
          {done} done{failed > 0 && `, ${failed} unreadable`}
        </span>
        <button type="button" class="plain" onClick={removeAllPictures}>
          Remove all
        </button>
      </div>
      <ul class="given">
        {given.map((picture) => (
          <li key={picture.id}>
            <button
              type="button"
              class="quiet item"
              aria-pressed={picture.id === selected.value?.id}
              onClick={() => selectPicture(picture.id)}
            >
              {picture.outcome.state === 'failed' ? (
                <span class="thumb" aria-hidden="true">
                  ?
                </span>
              ) : (
                <img class="thumb" src={picture.address} alt="" width="44" height="44" loading="lazy" />
              )}
              <span class="found">
                <Found picture={picture} />
                <span class="muted">{picture.name}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Found({ picture: { outcome } }: { readonly picture: Picture }): JSX.Element {
  switch (outcome.state) {
    case 'waiting':
    case 'running':
      return <span class="label">…</span>
    case 'done': {
      const [best] = outcome.predictions
      return (
        <span class="label">
          <strong>{best?.label ?? 'nothing'}</strong> {best && percent(best.score, 0)}
        </span>
      )
    }
    case 'failed':
      return <span class="label bad">cannot be read</span>
    default:
      return outcome satisfies never
  }
}
