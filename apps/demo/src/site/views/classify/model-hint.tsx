/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { openChooser } from '../../choose/chooser.ts'
import { choice } from '../../state/choice.ts'

/** What the model of the choice is good for, and where there is a better one. */
export function ModelHint(): JSX.Element {
  const button = (text: string): JSX.Element => (
    <button type="button" class="link" onClick={openChooser}>
      {text}
    </button>
  )
  switch (choice.value.model) {
    case 'fashion-mnist':
      return (
        <p class="muted">
          The small model of this page knows ten kinds of clothes, light on black, in 28 × 28 grey pixels, and
          takes anything else for clothes, too. For photographs {button('choose MobileOne S0')}, which knows
          1000 things.
        </p>
      )
    case 'file':
      return (
        <p class="muted">
          These are what the small model of this page was made for. Your own model wants pictures of its own
          kind: drop some, or {button('choose another model')}.
        </p>
      )
    default:
      return (
        <p class="muted">
          This model knows 1000 kinds of things from photographs, which this page has none of: drop some of
          yours. On these grey samples it guesses; they are for {button('the small model')}.
        </p>
      )
  }
}
