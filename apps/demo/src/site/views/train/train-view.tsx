/** @jsxImportSource preact */
import type { JSX } from 'preact'

export default function TrainView(): JSX.Element {
  return <section class="panel">Not built yet.</section>
}
