/** @jsxImportSource preact */
import type { JSX } from 'preact'

export default function ExplainView(): JSX.Element {
  return <section class="panel">Not built yet.</section>
}
