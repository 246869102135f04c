/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { choice, choose } from '../../state/choice.ts'

/** What the model of the choice is good for, and where there is a better one. */
export function ModelHint(): JSX.Element {
  if (choice.value.model !== 'fashion-mnist') {
    return (
      <p class="muted">
        The samples are what the small model of this page was made for. This one is better with photographs:
        give it yours.
      </p>
    )
  }
  return (
    <p class="muted">
      The small model of this page knows ten kinds of clothes, from 28 x 28 grey pixels on black. For
      photographs of anything,{' '}
      <button type="button" class="link" onClick={() => choose({ model: 's0' })}>
        take S0
      </button>
      , which knows 1000 things.
    </p>
  )
}
