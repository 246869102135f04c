/** @jsxImportSource preact */
import type { JSX } from 'preact'

/** For an address that names no page. */
export default function UnknownPage(): JSX.Element {
  return (
    <section class="panel">
      <h2>There is no such page</h2>
      <p>
        <a href="#run">Run a benchmark</a>, or choose a page above.
      </p>
    </section>
  )
}
