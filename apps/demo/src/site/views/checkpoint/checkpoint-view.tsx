/** @jsxImportSource preact */
import type { JSX } from 'preact'

export default function CheckpointView(): JSX.Element {
  return <section class="panel">Not built yet.</section>
}
