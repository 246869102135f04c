/** @jsxImportSource preact */
import type { JSX } from 'preact'

/** The paper's studies, to be repeated on this device. */
export default function StudiesPage(): JSX.Element {
  return (
    <section class="panel">
      <h2>Studies</h2>
      <p class="empty">
        The measurements behind the paper's argument, on this device. <a href="#run">Run a benchmark</a>{' '}
        meanwhile.
      </p>
    </section>
  )
}
