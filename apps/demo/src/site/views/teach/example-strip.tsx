/** @jsxImportSource preact */

import { useObjectUrl } from '@mobileone/site-kit/use-object-url'
import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import type { TaughtExample } from './project.ts'
import { dropExample } from './taught.ts'

interface Props {
  readonly name: string
  /** Oldest first; the newest are shown first. */
  readonly examples: readonly TaughtExample[]
}

const usual = 23
/** So many more are shown at each wish: thousands at once would hold up the page. */
const more = 100

/** Thumbnails of the examples of a class, the newest first; pressing one removes it. */
export function ExampleStrip({ name, examples }: Props): JSX.Element {
  const [limit, setLimit] = useState(usual)
  const list = useRef<HTMLUListElement>(null)
  const newest = examples.map((example, index) => ({ example, number: index + 1 })).reverse()
  const shown = newest.slice(0, limit)
  const rest = newest.length - shown.length
  const remove = (id: string, place: number): void => {
    dropExample(id)
    // Else the keyboard would be back at the top of the page.
    requestAnimationFrame(() => {
      const buttons = list.current?.querySelectorAll('button')
      buttons?.[Math.min(place, buttons.length - 1)]?.focus({ preventScroll: true })
    })
  }
  if (examples.length === 0) {
    return (
      <p class="strip-empty muted">Nothing yet. Record with the camera, add pictures, or drop some here.</p>
    )
  }
  return (
    <ul class="strip" ref={list} aria-label={`Examples of ${name}`}>
      {shown.map(({ example, number }, place) => (
        <li key={example.id}>
          <button
            type="button"
            class="thumb"
            onClick={() => remove(example.id, place)}
            aria-label={`Remove example ${number} of ${name}`}
            title="Remove this example"
          >
            <Thumbnail picture={example.picture} />
            <span class="cross" aria-hidden="true">
              ✕
            </span>
          </button>
        </li>
      ))}
      {newest.length > usual && (
        <li>
          <button
            type="button"
            class="thumb more"
            onClick={() => setLimit(rest > 0 ? limit + more : usual)}
            aria-label={
              rest > 0
                ? `Show ${Math.min(rest, more)} more examples of ${name}`
                : `Show fewer examples of ${name}`
            }
          >
            {rest > 0 ? `+${rest}` : 'Less'}
          </button>
        </li>
      )}
    </ul>
  )
}

function Thumbnail({ picture }: { readonly picture: Blob }): JSX.Element {
  return <img src={useObjectUrl(picture)} alt="" width="48" height="48" decoding="async" draggable={false} />
}
