/** @jsxImportSource preact */
import type { JSX } from 'preact'

/** What an address shows that names no view. */
export default function UnknownView(): JSX.Element {
  return (
    <section class="panel">
      <h2>There is nothing at this address</h2>
      <p>
        <code>{location.hash}</code> is none of the views above. Perhaps it was cut off where it was copied.
      </p>
      <p>
        <a class="button" href="#classify">
          Classify a picture
        </a>
      </p>
    </section>
  )
}
