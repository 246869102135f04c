/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { routes } from '../../routes.ts'

/** What an address shows that names no view. */
export default function UnknownView(): JSX.Element {
  return (
    <section class="panel">
      <h2>There is nothing at this address</h2>
      <p>
        <code>{location.hash}</code> is none of the views here. Perhaps it was cut off where it was copied.
      </p>
      <ul class="row">
        {routes.map(({ name, title }) => (
          <li key={name}>
            <a class="button quiet" href={`#${name}`}>
              {title}
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}
