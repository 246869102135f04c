/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { TaughtExample } from './project.ts'
import { dropExample } from './taught.ts'

interface Props {
  readonly name: string
  /** Oldest first; the newest are shown first. */
  readonly examples: readonly TaughtExample[]
}

const usual = 23

/** Thumbnails of the examples of a class; pressing one removes it. */
export function ExampleStrip({ name, examples }: Props): JSX.Element {
  const [showsAll, setShowsAll] = useState(false)
  const newest = examples.map((example, index) => ({ example, number: index + 1 })).reverse()
  const shown = showsAll ? newest : newest.slice(0, usual)
  if (examples.length === 0) {
    return (
      <p class="strip-empty muted">Nothing yet. Record with the camera, add pictures, or drop some here.</p>
    )
  }
  return (
    <ul class="strip" aria-label={`Examples of ${name}`}>
      {shown.map(({ example, number }) => (
        <li key={example.id}>
          <button
            type="button"
            class="thumb"
            onClick={() => dropExample(example.id)}
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
            onClick={() => setShowsAll(!showsAll)}
            aria-expanded={showsAll}
            aria-label={showsAll ? `Show fewer examples of ${name}` : `Show all examples of ${name}`}
          >
            {showsAll ? 'Less' : `+${newest.length - usual}`}
          </button>
        </li>
      )}
    </ul>
  )
}

function Thumbnail({ picture }: { readonly picture: Blob }): JSX.Element {
  const [address, setAddress] = useState<string>()
  useEffect(() => {
    const made = URL.createObjectURL(picture)
    setAddress(made)
    return () => URL.revokeObjectURL(made)
  }, [picture])
  return <img src={address} alt="" width="48" height="48" decoding="async" draggable={false} />
}
