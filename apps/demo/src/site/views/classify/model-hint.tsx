/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { openChooser } from '../../choose/chooser.ts'
import type { ModelId } from '../../state/choice.ts'
import type { Samples } from './samples.ts'

interface Props {
  /** Of the choice. Given, not read from its signal: see `useAnnounced` of the camera. */
  readonly model: ModelId
  /** Of the samples that are shown with it; none are beside a camera. */
  readonly kind?: Samples['kind']
}

/** What the model of the choice is good for, and where there is a better one. */
export function ModelHint({ model, kind }: Props): JSX.Element {
  const button = (text: string): JSX.Element => (
    <button type="button" class="link" onClick={openChooser}>
      {text}
    </button>
  )
  if (model === 'fashion-mnist') {
    return (
      <p class="muted">
        The small model of this page knows ten kinds of clothes, light on black, in 28 × 28 grey pixels, and
        takes anything else for clothes, too. For photographs {button('choose MobileOne S0')}, which knows
        1000 things.
      </p>
    )
  }
  if (model === 'file' && kind !== 'things') {
    return (
      <p class="muted">
        Your own model wants pictures of its own kind: drop some
        {kind && '; these are for the small model of this page'}. Or {button('choose another model')}.
      </p>
    )
  }
  return (
    <p class="muted">
      This model knows 1000 kinds of things from photographs
      {kind && '. These are drawings, made for this page; it is better with photographs of yours'}. For
      another one, {button('choose a model')}.
    </p>
  )
}
