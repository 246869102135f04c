/** @jsxImportSource preact */
import type { JSX } from 'preact'

/** Two reports side by side. */
export default function ComparePage(): JSX.Element {
  return (
    <section class="panel">
      <h2>Compare</h2>
      <p class="empty">
        Two reports are compared here. <a href="#run">Run a benchmark</a> first.
      </p>
    </section>
  )
}
