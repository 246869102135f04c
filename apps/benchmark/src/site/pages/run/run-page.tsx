/** @jsxImportSource preact */
import type { JSX } from 'preact'

/** Choose what is measured, and measure it. */
export default function RunPage(): JSX.Element {
  return (
    <section class="panel">
      <h2>Run</h2>
    </section>
  )
}
